#include "tests/support/rate_scenario.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <iterator>
#include <string>

namespace fleetcast::protocol::simulation {

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::size_t endless_queue = std::size_t{1} << 50U;

/// What one receiver is behind.
struct path {
  bit_rate rate = 0;
  double rtt_ms = 0;
  double queue_share = 1; ///< of its bandwidth-delay product
  double loss = 0;
  double burst = 1;
};

std::size_t queue_of(const path& p) {
  constexpr double least = 20'000;
  const auto bytes_a_second = static_cast<double>(p.rate) / 8;
  const auto two_quanta
    = 2 * bytes_a_second * static_cast<double>(defaults::pacing_quantum.count()) / 1e9;
  return static_cast<std::size_t>(
    std::max({least, two_quanta, p.queue_share * bytes_a_second * p.rtt_ms / 1e3}));
}

receiver_options receiver_behind(const path& p) {
  receiver_options r;
  r.down.rate = p.rate;
  r.down.queue_bytes = queue_of(p);
  r.down.delay = r.up.delay = duration{static_cast<std::int64_t>(p.rtt_ms * 5e5)};
  r.down.loss = r.up.loss = p.loss;
  // Feedback is lost one by one.
  r.down.mean_burst = p.burst;
  return r;
}

/// Ten seconds of the slowest link, within bounds.
std::uint64_t size_for(bit_rate slowest) {
  return std::clamp<std::uint64_t>(slowest / 8 * 10, mib, 512 * mib);
}

std::string text_of(const path& p, std::size_t receivers) {
  std::string text(160, '\0');
  const auto size = std::snprintf(
    text.data(), text.size(), "n=%zu slowest %.3gM rtt %.3g ms x %.2f queue %.0fK loss %.1f%%/%.0f",
    receivers, static_cast<double>(p.rate) / 1e6, p.rtt_ms, p.queue_share,
    static_cast<double>(queue_of(p)) / 1e3, 100 * p.loss, p.burst);
  text.resize(static_cast<std::size_t>(std::max(0, size)));
  return text;
}

rate_scenario scenario_of(const std::vector<path>& paths, std::uint64_t seed) {
  rate_scenario s;
  const auto slowest = *std::min_element(
    paths.begin(), paths.end(), [](const path& a, const path& b) { return a.rate < b.rate; });
  s.slowest_link = slowest.rate;
  s.options.object_size = size_for(slowest.rate);
  s.options.carried_bytes = 8;
  s.options.suite = wire::seal_suite::none;
  s.options.rate = 0;
  s.options.seed = seed;
  for (const auto& p : paths) {
    s.options.receivers.push_back(receiver_behind(p));
    s.rtt = std::max(s.rtt, 2 * s.options.receivers.back().down.delay);
  }
  s.name = text_of(slowest, paths.size());
  return s;
}

struct corner {
  bit_rate rate;
  double rtt_ms;
  double queue_share;
  double loss;
  double burst;
  std::size_t receivers;
};

/// Where each quantity is at an end of its range.
constexpr corner corners[] = {
  {1'000'000, 0.1, 0.05, 0, 1, 1},      {1'000'000, 200, 4, 0, 1, 1},
  {1'000'000, 200, 0.05, 0.2, 1, 4},    {10'000'000, 0.1, 1, 0, 1, 1},
  {20'000'000, 0.1, 0.05, 0, 1, 1},     {20'000'000, 40, 0.05, 0.2, 8, 2},
  {100'000'000, 0.1, 1, 0, 1, 3},       {100'000'000, 200, 0.05, 0, 1, 1},
  {100'000'000, 200, 4, 0.05, 8, 3},    {1'000'000'000, 0.1, 1, 0, 1, 50},
  {1'000'000'000, 0.2, 1, 0.2, 8, 10},  {1'000'000'000, 200, 4, 0, 1, 1},
  {10'000'000'000, 0.1, 0.05, 0, 1, 1}, {10'000'000'000, 40, 0.05, 0.01, 1, 1},
};

class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}

  double unit() { return random_.unit(); }
  bool chance(double p) { return unit() <= p; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  double log_between(double low, double high) { return low * std::pow(high / low, unit()); }

private:
  small_random random_;
};

rate_scenario corner_scenario(const corner& c, std::uint64_t seed) {
  const path p{c.rate, c.rtt_ms, c.queue_share, c.loss, c.burst};
  return scenario_of(std::vector<path>(c.receivers, p), seed);
}

rate_scenario random_scenario(std::uint64_t number, std::uint64_t seed) {
  dice d{0x5eed + number * 7919};
  const auto slowest = static_cast<bit_rate>(d.log_between(1e6, 1e10));
  const auto rtt_ms = d.log_between(0.1, 200);
  const auto queue_share = d.log_between(0.05, 4);
  const auto receivers = static_cast<std::size_t>(d.log_between(1, 50.99));
  const auto lossy = d.chance(0.6);
  const auto loss = d.between(0, 0.2);
  const auto burst = d.chance(0.5) ? 1.0 : d.log_between(2, 44);
  std::vector<path> paths;
  for (std::size_t i = 0; i < receivers; ++i) {
    path p{slowest, rtt_ms, queue_share, 0, 1};
    if (i > 0) {
      p.rate = static_cast<bit_rate>(
        std::min(1e10, static_cast<double>(slowest) * (d.chance(0.3) ? 1 : d.log_between(1, 100))));
      p.rtt_ms = rtt_ms * d.between(0.2, 1);
      p.queue_share = d.log_between(0.05, 4);
    }
    if (lossy && d.chance(0.5)) {
      p.loss = loss * d.unit();
      p.burst = burst;
    }
    paths.push_back(p);
  }
  auto s = scenario_of(paths, seed);
  const auto took = 8e9 * static_cast<double>(s.options.object_size)
                    / static_cast<double>(s.slowest_link); // nanoseconds
  const auto moment = [&](double low, double high) {
    return duration{static_cast<std::int64_t>(took * d.between(low, high))};
  };
  if (receivers > 1 && d.chance(0.3)) {
    const auto who = static_cast<std::size_t>(d.between(0, static_cast<double>(receivers) - 0.01));
    s.options.receivers[who].vanish_at = moment(0.1, 0.7);
    s.name += " one leaves" + std::string(who == 0 ? " (the slowest)" : "");
  } else if (receivers > 1 && d.chance(0.3)) {
    s.options.receivers.back().join_at = moment(0.1, 0.7);
    s.name += " one comes";
  }
  return s;
}

/// The most that is sent over any second, as a multiple of the slowest link; not in a search, which is allowed eight
/// rounds and a MiB, at the beginning and when another link has become the slowest.
class second_watch {
public:
  explicit second_watch(duration rtt) : search_time_(8 * (rtt + milliseconds(16))) {}

  void look(const simulation_progress& p) {
    if (p.slowest_link != slowest_) {
      slowest_ = p.slowest_link;
      searches_until_ = p.virtual_time + search_time_;
      searches_until_sent_ = p.bytes_sent + mib;
      marks_.clear();
    }
    if (slowest_ == 0 || p.virtual_time < searches_until_ || p.bytes_sent < searches_until_sent_)
      return;
    if (!marks_.empty() && p.virtual_time - marks_.back().at < milliseconds(20))
      return;
    marks_.push_back({p.virtual_time, p.bytes_sent});
    while (p.virtual_time - marks_.front().at >= seconds(1)) {
      const auto took = static_cast<double>((p.virtual_time - marks_.front().at).count());
      const auto rate = 8e9 * static_cast<double>(p.bytes_sent - marks_.front().bytes) / took;
      worst_ = std::max(worst_, rate / static_cast<double>(slowest_));
      marks_.pop_front();
    }
  }

  double worst() const noexcept { return worst_; }

private:
  struct mark {
    duration at;
    std::uint64_t bytes;
  };

  duration search_time_;
  bit_rate slowest_ = 0;
  duration searches_until_{};
  std::uint64_t searches_until_sent_ = 0;
  std::deque<mark> marks_;
  double worst_ = 0;
};

} // namespace

std::uint64_t rate_scenario::bandwidth_delay() const noexcept {
  return static_cast<std::uint64_t>(static_cast<double>(slowest_link) / 8e9
                                    * static_cast<double>(rtt.count()));
}

rate_scenario sampled_scenario(std::uint64_t number, std::uint64_t seed) {
  auto s = number < std::size(corners) ? corner_scenario(corners[number], seed)
                                       : random_scenario(number, seed);
  s.options.time_limit = seconds(4000);
  s.name = std::to_string(number) + "/" + std::to_string(seed) + ": " + s.name;
  return s;
}

rate_outcome run(const rate_scenario& scenario) {
  rate_outcome result;
  auto fixed = scenario.options;
  fixed.rate = static_cast<bit_rate>(0.95 * static_cast<double>(scenario.slowest_link));
  for (auto& r : fixed.receivers)
    r.down.queue_bytes = endless_queue;
  result.fixed = group_simulation{fixed}.run();

  auto o = scenario.options;
  o.time_limit = 20 * result.fixed.took + seconds(20);
  second_watch watch{scenario.rtt};
  result.found = group_simulation{o}.run([&](const simulation_progress& p) {
    watch.look(p);
    return true;
  });
  result.worst_second = watch.worst();
  return result;
}

bool rate_verdict::within() const noexcept {
  return intact && sent <= most_sent && time <= longest_time && worst_second <= most_in_a_second;
}

rate_verdict judge(const rate_scenario& scenario, const rate_outcome& outcome) {
  const auto over = [](double value, double allowance, double reference) {
    return std::max(0.0, value - allowance) / reference;
  };
  rate_verdict v;
  v.intact = outcome.found.finished && outcome.found.all_intact();
  v.sent = over(static_cast<double>(outcome.found.bytes_sent),
                static_cast<double>(std::max(mib, 2 * scenario.bandwidth_delay())),
                static_cast<double>(outcome.fixed.bytes_sent));
  v.time = over(static_cast<double>(outcome.found.took.count()),
                8 * static_cast<double>(scenario.rtt.count()),
                static_cast<double>(outcome.fixed.took.count()));
  v.worst_second = outcome.worst_second;
  return v;
}

} // namespace fleetcast::protocol::simulation
