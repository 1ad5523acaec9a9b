#include "apps/fleetcast/simulate/simulation_scenario.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fleetcast::apps {

namespace {

using namespace protocol::simulation;

/// Bytes of each symbol that travel in the simulation: few, so that ten thousand receivers fit in memory,
/// and enough that a wrong or misplaced symbol shows in its block's digest.
constexpr std::uint16_t carried_bytes = 8;

/// Receivers of the run without loss: they do as one, and more would do the same.
constexpr std::size_t loss_free_receivers = 3;

double in_seconds(protocol::duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

receiver_options behind(const simulation_scenario& s, double loss, double burst) {
  receiver_options r;
  r.down.delay = r.up.delay = s.rtt / 2;
  r.down.loss = r.up.loss = loss;
  r.down.mean_burst = r.up.mean_burst = burst;
  r.cache_blocks = s.cache_blocks;
  return r;
}

simulation_options options_of(const simulation_scenario& s) {
  simulation_options o;
  o.object_size = s.object_size;
  o.carried_bytes = carried_bytes;
  o.rate = s.policy == protocol::rate_policy::fixed ? s.rate : 0;
  o.policy = s.policy;
  o.uplink.rate = s.bottleneck;
  o.uplink.queue_bytes = s.queue_bytes;
  o.tcp_flows = s.tcp_flows;
  o.tcp_rtt = s.rtt;
  o.seed = s.seed;
  o.suite
    = s.sealed ? protocol::wire::seal_suite::chacha20_poly1305 : protocol::wire::seal_suite::none;
  o.time_limit = s.time_limit;
  return o;
}

std::size_t count_of_worse(const simulation_scenario& s) {
  std::size_t result = 0;
  for (const auto& w : s.worse)
    result += w.count;
  return result;
}

/// The receivers, kind by kind, as `cohorts_of` cuts them.
std::vector<receiver_options> receivers_of(const simulation_scenario& s,
                                           protocol::duration loss_free) {
  std::vector<receiver_options> result;
  result.assign(s.receivers - std::min(s.receivers, count_of_worse(s)), behind(s, s.loss, s.burst));
  for (const auto& w : s.worse)
    result.insert(result.end(), w.count, behind(s, w.loss, s.burst));
  for (const auto& l : s.late) {
    auto r = behind(s, s.loss, s.burst);
    r.join_at = protocol::duration{
      static_cast<std::int64_t>(l.joining * static_cast<double>(loss_free.count()))};
    result.insert(result.end(), l.count, r);
  }
  return result;
}

using outcomes = std::vector<receiver_outcome>;

cohort summarize(std::string name, outcomes::const_iterator from, std::size_t count) {
  cohort c;
  c.name = std::move(name);
  c.count = count;
  std::vector<double> times;
  for (auto i = from; i != from + static_cast<std::ptrdiff_t>(count); ++i)
    if (i->complete && i->intact)
      times.push_back(in_seconds(i->took));
  std::sort(times.begin(), times.end());
  c.complete = times.size();
  if (times.empty())
    return c;
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  c.first = times.front();
  c.median = at(0.5);
  c.p99 = at(0.99);
  c.last = times.back();
  return c;
}

std::string percent(double share) {
  auto text = std::to_string(std::round(share * 10000) / 100);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " %";
}

std::vector<cohort> cohorts_of(const simulation_scenario& s, const outcomes& all) {
  std::vector<cohort> result;
  auto from = all.begin();
  const auto cut = [&](std::string name, std::size_t count) {
    if (count > 0)
      result.push_back(summarize(std::move(name), from, count));
    from += static_cast<std::ptrdiff_t>(count);
  };
  cut("receivers", s.receivers - count_of_worse(s));
  for (const auto& w : s.worse)
    cut("worse, " + percent(w.loss), w.count);
  for (const auto& l : s.late)
    cut("late, at " + percent(l.joining), l.count);
  return result;
}

simulation_outcome run(const simulation_scenario& s, std::vector<receiver_options> receivers,
                       const char* what, const simulation_watcher& watch) {
  auto o = options_of(s);
  o.receivers = std::move(receivers);
  group_simulation simulation{std::move(o)};
  if (!watch)
    return simulation.run();
  return simulation.run([&](const simulation_progress& p) { return watch(what, p); });
}

simulation_scenario without_loss(simulation_scenario s) {
  s.receivers = std::min(s.receivers, loss_free_receivers);
  s.loss = 0;
  s.tcp_flows = 0;
  s.worse.clear();
  s.late.clear();
  return s;
}

/// The same for those alone who are neither worse nor late.
simulation_scenario undisturbed(simulation_scenario s) {
  s.receivers -= count_of_worse(s);
  s.worse.clear();
  s.late.clear();
  return s;
}

simulation_summary summary_of(const simulation_scenario& s, const simulation_outcome& outcome) {
  simulation_summary r;
  r.complete = outcome.finished && outcome.all_intact();
  r.stopped = outcome.stopped;
  r.seconds = in_seconds(outcome.took);
  r.cohorts = cohorts_of(s, outcome.receivers);
  r.bytes_sent = outcome.bytes_sent;
  if (s.object_size > 0)
    r.sent_ratio = static_cast<double>(outcome.bytes_sent) / static_cast<double>(s.object_size);
  r.sender = outcome.sender;
  if (r.seconds > 0) {
    r.feedback_per_second = static_cast<double>(outcome.sender.feedback_messages) / r.seconds;
    r.rate_through = 8 * static_cast<double>(outcome.uplink_bytes) / r.seconds;
    for (const auto bytes : outcome.tcp_bytes)
      r.tcp_rate += 8 * static_cast<double>(bytes) / r.seconds
                    / static_cast<double>(outcome.tcp_bytes.size());
  }
  r.feedback_peak = outcome.feedback_peak;
  for (const auto& one : outcome.receivers) {
    r.requests_sent += one.statistics.requests_sent;
    r.requests_suppressed += one.statistics.requests_suppressed;
    r.sent_away += one.sent_away ? 1 : 0;
  }
  return r;
}

} // namespace

simulation_summary simulate(const simulation_scenario& scenario, const simulation_watcher& watch) {
  const auto calm = without_loss(scenario);
  const auto loss_free = run(calm, receivers_of(calm, {}), "without loss", watch);
  if (loss_free.stopped)
    return summary_of(calm, loss_free);
  std::optional<double> undisturbed_last;
  if (scenario.compare && (!scenario.worse.empty() || !scenario.late.empty())
      && scenario.receivers > count_of_worse(scenario)) {
    const auto alone = undisturbed(scenario);
    const auto outcome = run(alone, receivers_of(alone, {}), "undisturbed", watch);
    if (outcome.stopped)
      return summary_of(alone, outcome);
    undisturbed_last = cohorts_of(alone, outcome.receivers).front().last;
  }
  const auto outcome = run(scenario, receivers_of(scenario, loss_free.took), "running", watch);
  auto result = summary_of(scenario, outcome);
  result.loss_free_seconds = in_seconds(loss_free.took);
  if (undisturbed_last && *undisturbed_last > 0)
    result.cohorts.front().delay_ratio = result.cohorts.front().last / *undisturbed_last;
  return result;
}

} // namespace fleetcast::apps
