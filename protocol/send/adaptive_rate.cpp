#include "protocol/send/adaptive_rate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace fleetcast::protocol {

namespace {

/// Shorter samples tell more of thread wake-ups than of the path. While the rate doubles that matters less.
constexpr duration min_sample = milliseconds(10);
constexpr duration min_startup_sample = milliseconds(4);

/// Packets in a sample, at least: fewer make its rate a matter of chance.
constexpr std::uint64_t min_sample_packets = 32;

/// Packets over which loss is judged, once the search is over: losses come in bursts, 44 in one where a segmented
/// buffer is dropped, and of few packets one burst is much. At low rates so long must do.
constexpr std::uint64_t min_judged_packets = 1024;
constexpr duration max_judged_time = milliseconds(250);

/// A round ends without those who have had no news for so many of their usual times between two, and two round
/// trips: whoever is gone must not hold the others.
constexpr int patience_in_reports = 8;
constexpr duration min_patience = milliseconds(100);

/// Nor for longer than this, and who has had no news for so long does not set the rate. Above the time between two
/// messages in groups of up to a thousand; in larger ones a round hears only some, and those first that lose or
/// hold the window.
constexpr duration max_patience = defaults::status_keep_alive + seconds(1);

/// Rounds that a path's best is remembered: once to twice this many.
constexpr unsigned span_rounds = 10;

constexpr unsigned cruise_rounds = 8;

/// Rounds that what a path has shown is remembered, once to twice: more than from one probe to the next.
constexpr unsigned shown_rounds = cruise_rounds + 4;

/// Rounds without growth that end startup; one may be chance.
constexpr unsigned flat_rounds = 3;

/// When so much of a round is lost above the floor and nothing was gained, the path is full.
constexpr double much_loss = 0.1;

/// What a path that loses more than this at any rate takes in says nothing of how fast one should send.
constexpr double max_loss_floor = 0.7;

/// Where at half the rate at which much was lost no more than so many times the share arrives, it is lost at any. (Of what
/// is sent to a narrow link at half the rate, twice the share arrives.)
constexpr double same_share = 1.2;

/// Of what left in a sample this much must have arrived, and in no more than so many times the time in which it
/// left, for the path to have kept up with it.
constexpr double kept_up_share = 0.9;
constexpr int kept_up_times = 2;

/// Probes in a row that bring more: the path has become another, and is searched anew.
constexpr unsigned probes_to_search = 2;

/// A sample that is a tenth better than what was known: growth. Less is noise.
constexpr bool has_grown(bit_rate from, bit_rate to) noexcept {
  return to > from + from / 10;
}

constexpr double gain(adaptive_rate::phase phase) noexcept {
  constexpr std::array gains{2.0, 0.5, 1.0, 1.25, 0.75};
  return gains[static_cast<std::size_t>(phase)];
}

bit_rate rate_of(double bytes, duration took) noexcept {
  return static_cast<bit_rate>(8e9 * bytes / static_cast<double>(took.count()));
}

/// How much more than the floor, which is the least of many samples, one of `expected` datagrams loses by chance
/// when the path is what it was.
double chance(double share, std::uint64_t expected) noexcept {
  constexpr double deviations = 4;
  return deviations * std::sqrt(share * (1 - share) / static_cast<double>(expected));
}

} // namespace

const char* to_string(adaptive_rate::phase phase) noexcept {
  constexpr std::array names{"startup", "drain", "cruise", "probe", "relax"};
  return names[static_cast<std::size_t>(phase)];
}

// -- events -----------------------------------------------------------------------------------------

void adaptive_rate::on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) {
  sent_.add(now, packet, bytes);
}

void adaptive_rate::on_held_back(timestamp) {
  held_back_ = true;
}

void adaptive_rate::on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                                duration rtt) {
  auto& p = paths_[from];
  const auto left = sent_.find(message.highest_packet);
  if (!left)
    return;
  const report news{message.highest_packet, message.received_packets, left->bytes, left->at, now};
  note_news(p, news, rtt);
  sample(p, news);
  if (p.round < round_ && p.base->packet > round_began_with_) {
    p.round = round_;
    ++reported_;
  }
  if (is_over(now))
    end_round(now);
}

void adaptive_rate::on_receiver_gone(timestamp now, receiver_id id) {
  const auto gone = paths_.find(id);
  if (gone == paths_.end())
    return;
  if (gone->second.round == round_)
    --reported_;
  paths_.erase(gone);
  look_at_paths(now);
  await_reports(now);
}

bit_rate adaptive_rate::rate(timestamp) const {
  // Where much was lost in a round the search goes on with care, from that report on.
  const auto careful = phase_ == phase::startup && (overshot_ || worst_loss_ > much_loss);
  const auto times = gain(careful ? phase::probe : phase_);
  const auto wanted = delivered_ == 0
                        ? defaults::start_rate
                        : static_cast<bit_rate>(static_cast<double>(delivered_) * times);
  return std::clamp(wanted, defaults::min_rate, defaults::max_rate);
}

bool adaptive_rate::searches() const {
  return phase_ == phase::startup && !excused_;
}

limiting_factor adaptive_rate::limited_by() const {
  return delivered_ == 0 ? limiting_factor::unknown : limiting_factor::network;
}

// -- a path -----------------------------------------------------------------------------------------

void adaptive_rate::recent_best::add(bit_rate taken_in) noexcept {
  running_ = std::max(running_, taken_in);
}

void adaptive_rate::recent_best::begin_span() noexcept {
  before_ = running_;
  running_ = 0;
}

bit_rate adaptive_rate::recent_best::value() const noexcept {
  return std::max(running_, before_);
}

double adaptive_rate::path::loss_floor() const noexcept {
  const auto least = std::min(least_loss, least_loss_before);
  return least < 1 ? least : 0;
}

bool adaptive_rate::path::speaks(timestamp now) const noexcept {
  return base && now - news_at <= max_patience;
}

bit_rate adaptive_rate::path::delivers() const noexcept {
  if (loses_at_any_rate)
    return 0;
  const auto lost = std::min(loss_floor(), max_loss_floor);
  return static_cast<bit_rate>(static_cast<double>(best.value()) / (1 - lost));
}

// -- measuring --------------------------------------------------------------------------------------

void adaptive_rate::note_news(path& p, const report& now, duration rtt) {
  if (p.base && now.packet <= p.packet)
    return;
  const auto gap = p.base ? now.came_at - p.news_at : max_patience;
  p.patience
    = std::clamp<duration>(patience_in_reports * gap + 2 * rtt, min_patience, max_patience);
  p.packet = now.packet;
  p.news_at = now.came_at;
}

void adaptive_rate::sample(path& p, const report& now) {
  if (!p.base) {
    p.base = p.judged = now;
    return;
  }
  if (now.packet < p.base->packet + min_sample_packets)
    return;
  const auto begin = sample_begin(*p.base, now);
  if (!begin || now.bytes <= begin->bytes)
    return;
  const auto took = std::max(now.left_at - begin->left_at, now.came_at - begin->came_at);
  if (took < (phase_ == phase::startup ? min_startup_sample : min_sample))
    return;
  const auto expected = now.packet - p.base->packet;
  // Duplicates, and a receiver that lies, can claim no more than left.
  const auto received = std::min(now.received - std::min(now.received, p.base->received), expected);
  const auto share = static_cast<double>(received) / static_cast<double>(expected);
  const auto bytes = static_cast<double>(now.bytes - begin->bytes);
  const auto left = rate_of(bytes, now.left_at - begin->left_at);
  auto taken_in = rate_of(bytes * share, took);
  const auto kept_up
    = share > kept_up_share && took <= kept_up_times * (now.left_at - begin->left_at);
  if (kept_up && left < rate(now.came_at) / 2) {
    // The sender was slow, for want of a processor perhaps: nothing speaks against the present rate.
    held_back_ = true;
    taken_in = std::max(taken_in, delivered_ != 0 ? delivered_ : defaults::start_rate);
  }
  p.best.add(taken_in);
  p.shown.add(taken_in);
  judge_loss(p, now, expected, received);
  p.base = now;
}

/// Where a sample begins that ends with `now`. In startup not before the round's first departure: half of a sample at
/// the old rate would hide most of what the new one brings. Nothing: it is too early to tell.
std::optional<adaptive_rate::report> adaptive_rate::sample_begin(const report& base,
                                                                 const report& now) const {
  if (phase_ != phase::startup || base.packet > round_began_with_)
    return base;
  if (now.packet < round_began_with_ + min_sample_packets)
    return std::nullopt;
  const auto first = sent_.find(round_began_with_ + 1);
  if (!first)
    return base;
  // What left before is taken to have arrived as it left.
  auto cut = base;
  cut.packet = round_began_with_;
  cut.bytes = first->bytes;
  cut.left_at = first->at;
  cut.came_at += cut.left_at - base.left_at;
  return cut;
}

void adaptive_rate::judge_loss(path& p, const report& now, std::uint64_t expected,
                               std::uint64_t received) {
  p.expected += expected;
  p.received += received;
  if (phase_ != phase::startup && p.expected < min_judged_packets
      && now.came_at - p.judged.came_at < max_judged_time)
    return;
  const auto lost = 1 - static_cast<double>(p.received) / static_cast<double>(p.expected);
  p.least_loss = std::min(p.least_loss, lost);
  note_much_loss(p, now, lost);
  if (!p.loses_at_any_rate)
    worst_loss_ = std::max(worst_loss_, lost - p.loss_floor() - chance(lost, p.expected));
  p.expected = p.received = 0;
  p.judged = now;
}

void adaptive_rate::note_much_loss(path& p, const report& now, double lost) {
  const auto left = rate_of(static_cast<double>(now.bytes - p.judged.bytes),
                            std::max(duration{1}, now.left_at - p.judged.left_at));
  if (lost <= max_loss_floor) {
    p.lost_much_at = 0;
    p.loses_at_any_rate = false;
  } else if (p.lost_much_at == 0) {
    p.lost_much_at = left;
    p.arrived_then = 1 - lost;
  } else if (left < p.lost_much_at / 2 && 1 - lost <= same_share * p.arrived_then) {
    p.loses_at_any_rate = true;
  }
}

void adaptive_rate::look_at_paths(timestamp now) {
  find_delivered(now);
  find_slowest(now);
}

void adaptive_rate::find_delivered(timestamp now) {
  auto least = std::numeric_limits<bit_rate>::max();
  for (const auto& [id, p] : paths_) {
    if (!p.speaks(now))
      continue;
    // One that nothing has reached yet says nothing of how fast it could be reached.
    if (const auto delivers = p.delivers(); delivers != 0)
      delivered_ = least = std::min(least, delivers);
  }
}

void adaptive_rate::await_reports(timestamp now) {
  // At low rates a sample takes long, however often they report.
  const auto sample_bytes
    = min_sample_packets * sent_.bytes() / std::max<std::uint64_t>(1, sent_.last_packet());
  const duration two_samples{
    static_cast<duration::rep>(2 * sample_bytes * 8'000'000'000ULL / rate(now))};
  awaited_ = 0;
  awaited_until_ = now;
  for (const auto& [id, p] : paths_)
    if (p.is_awaited(now)) {
      ++awaited_;
      awaited_until_ = std::max(awaited_until_, now + std::max(p.patience, two_samples));
    }
}

void adaptive_rate::find_slowest(timestamp now) {
  slowest_.reset();
  shown_.clear();
  auto least = std::numeric_limits<bit_rate>::max();
  for (const auto& [id, p] : paths_) {
    const auto shown = p.shown.value();
    if (!p.speaks(now) || shown == 0)
      continue;
    shown_.push_back(shown);
    if (shown < least) {
      least = shown;
      slowest_ = id;
    }
  }
  if (shown_.size() < 2)
    return;
  // Where most take in the same, it is the sender or a path they share, and nobody shall be accused.
  const auto median = shown_.begin() + static_cast<std::ptrdiff_t>(shown_.size() / 2);
  std::nth_element(shown_.begin(), median, shown_.end());
  if (!has_grown(least, *median))
    slowest_.reset();
}

// -- rounds -----------------------------------------------------------------------------------------

bool adaptive_rate::is_over(timestamp now) const noexcept {
  return reported_ > 0 && (reported_ >= awaited_ || now > awaited_until_);
}

void adaptive_rate::end_round(timestamp now) {
  look_at_paths(now);
  if (delivered_ != 0)
    step(now);
  // With much lost, what once was delivered is soon no longer believed.
  const auto lossy = worst_loss_ > much_loss;
  if (lossy || (!held_back_ && ++rounds_in_span_ >= span_rounds))
    begin_span();
  // But a queue that overflows must not soon be taken for what the path loses at any rate.
  if ((lossy || !held_back_) && ++rounds_in_floor_span_ >= span_rounds)
    begin_floor_span();
  if ((lossy || !held_back_) && ++rounds_in_shown_span_ >= shown_rounds)
    begin_shown_span();
  ++round_;
  round_began_with_ = sent_.last_packet();
  round_began_at_ = now;
  bytes_before_round_ = sent_.bytes();
  reported_ = 0;
  worst_loss_ = 0;
  held_back_ = false;
  await_reports(now);
}

bool adaptive_rate::went_faster_than_delivered(timestamp now) const {
  const auto took = static_cast<double>((now - round_began_at_).count());
  const auto bits = 8e9 * static_cast<double>(sent_.bytes() - bytes_before_round_);
  return bits > 1.1 * static_cast<double>(delivered_) * took;
}

void adaptive_rate::begin_span() {
  rounds_in_span_ = 0;
  for (auto& [id, p] : paths_)
    p.best.begin_span();
}

void adaptive_rate::begin_floor_span() {
  rounds_in_floor_span_ = 0;
  for (auto& [id, p] : paths_) {
    p.least_loss_before = p.least_loss;
    p.least_loss = 1;
  }
}

void adaptive_rate::begin_shown_span() {
  rounds_in_shown_span_ = 0;
  for (auto& [id, p] : paths_)
    p.shown.begin_span();
}

void adaptive_rate::step(timestamp now) {
  ++rounds_in_phase_;
  const auto grown = has_grown(compared_to_, delivered_);
  const auto lossy = worst_loss_ > much_loss;
  // Lost datagrams stop the window, too: then it is no excuse.
  const auto excused = held_back_ && !lossy;
  // What did not go out faster than it arrives has built no queue.
  const auto after_pushing = went_faster_than_delivered(now);
  switch (phase_) {
    case phase::startup:
      overshot_ = lossy;
      excused_ = excused;
      if (grown || excused) {
        compared_to_ = std::max(compared_to_, delivered_);
        rounds_in_phase_ = 0;
      } else if (rounds_in_phase_ >= flat_rounds || lossy) {
        enter(after_pushing ? phase::drain : phase::cruise);
      }
      return;
    case phase::drain:
    case phase::relax:
      return enter(phase::cruise);
    case phase::cruise:
      if (rounds_in_phase_ >= cruise_rounds)
        enter(phase::probe);
      return;
    case phase::probe:
      if (grown && rounds_in_phase_ >= probes_to_search)
        enter(phase::startup);
      else if (grown)
        compared_to_ = delivered_;
      else
        enter(after_pushing && !excused ? phase::relax : phase::cruise);
      return;
  }
}

void adaptive_rate::enter(phase next) {
  phase_ = next;
  overshot_ = false;
  rounds_in_phase_ = 0;
  compared_to_ = delivered_;
}

} // namespace fleetcast::protocol
