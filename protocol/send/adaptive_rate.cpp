#include "protocol/send/adaptive_rate.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace fleetcast::protocol {

namespace {

/// Datagrams after which a path has taken part in a round.
constexpr std::uint64_t round_packets = 32;

/// A short phase lasts for so many reports of each receiver and so many datagrams, or, at low rates, so long.
constexpr int phase_in_gaps = 3;
constexpr std::uint64_t phase_packets = 96;
constexpr duration min_phase = milliseconds(10);
constexpr duration max_phase = seconds(1);
constexpr unsigned max_calm_rounds = 8;

/// Of the datagrams before the first report so many leave at the start rate, and the rest at a fraction of it: a long
/// round trip over a narrow link would be a flood.
constexpr std::uint64_t first_flight = 96;
constexpr bit_rate trickle = 4;

/// A round ends without those who have had no news for so many of their usual times between two, and two round
/// trips: whoever is gone must not hold the others.
constexpr int patience_in_reports = 8;
constexpr duration min_patience = milliseconds(100);

/// Nor for longer than this, and who has had no news for so long does not set the rate. Above the time between two
/// messages in groups of up to a thousand; in larger ones a round hears only some, and those first that lose or
/// hold the window.
constexpr duration max_patience = defaults::status_keep_alive + seconds(1);

/// After so much of it what a receiver took in no longer counts: it may only repeat itself.
constexpr int patiences_to_forget = 4;

/// In the search one that is missed shows in the next round.
constexpr int search_patience_in_reports = 3;
constexpr duration min_search_patience = milliseconds(30);
constexpr duration max_search_patience = milliseconds(60);

/// A receiver that has joined is awaited for so long: a long round trip. One that nothing reaches holds nobody longer.
constexpr duration first_word_patience = milliseconds(300);

/// Rounds of cruise between two probes, and where probes overflow a queue.
constexpr unsigned usual_cruise = 8;
constexpr unsigned longest_cruise = 64;

/// Rounds without growth that end startup; one may be chance. So many rounds the one that sets the rate is awaited after
/// a probe.
constexpr unsigned flat_rounds = 3;

/// Rounds without growth that are excused, since the sender was too late to offer more.
constexpr unsigned most_late_rounds = 16;

/// When so much of a round is lost above the floor, go on with care.
constexpr double much_loss = 0.1;

/// Probes in a row that bring more: the path has become another, and is searched anew.
constexpr unsigned probes_to_search = 2;

/// Halvings of the rate where nobody speaks, at most.
constexpr std::int64_t most_halvings = 30;

/// A tenth better than what was known: growth. Less is noise.
constexpr bool has_grown(bit_rate from, bit_rate to) noexcept {
  return to > from + from / 10;
}

} // namespace

// -- events -------------------------------------------------------------------------------------------

void adaptive_rate::on_receiver_joined(timestamp now, receiver_id id) {
  // Until its first word it may be the slowest.
  auto& p = paths_[id];
  p.news_at = now;
  p.patience = first_word_patience;
  await_reports(now);
}

void adaptive_rate::on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) {
  sent_.add(now, packet, bytes);
}

void adaptive_rate::on_held_back(timestamp now) {
  held_back_ = true;
  held_back_at_ = now;
}

void adaptive_rate::on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                                duration rtt) {
  auto& p = paths_[from];
  const auto left = sent_.find(message.highest_packet);
  if (!left)
    return;
  note_news(p, now, *left, message.highest_packet, rtt);
  const path_report report{message.highest_packet, message.received_packets, left->bytes, left->at,
                           now};
  const lane_state lane{sent_,      phases_,   phase_,       round_began_with_,
                        delivered_, rate(now), held_back_at_};
  const auto found = p.estimate.on_report(report, lane);
  note_finding(found);
  if (p.round < round_ && has_reported(p, report, found.sampled)) {
    p.round = round_;
    ++reported_;
  }
  if (overflowed_ && !is_calm(phase_))
    relax_at_once(now);
  else if (phase_ == rate_phase::probe && phase_was_long_enough(now))
    end_probe(now);
  else if (is_over(now) || (test_rate_ != 0 && !anybody_suspected()))
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

/// On average, as long as somebody speaks.
bit_rate adaptive_rate::wanted() const {
  if (delivered_ == 0)
    return sent_.last_packet() < first_flight ? defaults::start_rate
                                              : defaults::start_rate / trickle;
  // Where a round lost much, or brought no more, the search goes on with care, from that report on.
  const auto careful
    = phase_ == rate_phase::startup && (overshot_ || worst_loss_ > much_loss || flat_rounds_ > 0);
  const auto result = share_of(delivered_, gain(careful ? rate_phase::probe : phase_));
  return test_rate_ == 0 ? result : std::min(result, test_rate_);
}

bit_rate adaptive_rate::rate(timestamp now) const {
  auto result = share_of(wanted(), makeup_.factor());
  // Nobody speaks any more (RFC 5348, section 4.4).
  if (const auto silence = now - news_at_; delivered_ != 0 && silence > max_patience)
    result >>= std::min<std::int64_t>(silence / max_patience, most_halvings);
  return std::clamp(result, defaults::min_rate, defaults::max_rate);
}

bool adaptive_rate::searches() const {
  return (phase_ == rate_phase::startup && !(excused_ && flat_rounds_ > 0))
         || phase_ == rate_phase::drain;
}

limiting_factor adaptive_rate::limited_by() const {
  return delivered_ == 0 ? limiting_factor::unknown : limiting_factor::network;
}

// -- paths --------------------------------------------------------------------------------------------

bool adaptive_rate::path::speaks(timestamp now) const noexcept {
  return !estimate.is_new()
         && now - news_at <= std::min(max_patience, patiences_to_forget * patience);
}

void adaptive_rate::note_news(path& p, timestamp now, const sent_log::entry& left,
                              std::uint64_t packet, duration rtt) {
  news_at_ = now;
  if (!p.estimate.is_new() && packet <= p.packet)
    return;
  p.gap = p.patience >= duration::zero() ? now - p.news_at : max_patience;
  p.patience
    = std::clamp<duration>(patience_in_reports * p.gap + 2 * rtt, min_patience, max_patience);
  p.packet = packet;
  p.news_at = now;
  p.delay = now - left.at;
}

void adaptive_rate::note_finding(const path_estimate::finding& found) noexcept {
  held_back_ = held_back_ || found.held_back;
  late_ = late_ || found.late;
  worst_loss_ = std::max(worst_loss_, found.excess);
  most_lost_ = std::max(most_lost_, found.lost);
  lossy_ = lossy_ || found.lossy;
  overflowed_ = overflowed_ || found.overflows;
}

/// Whether it has taken part in the running round.
bool adaptive_rate::has_reported(path& p, const path_report& report, bool sampled) const noexcept {
  if (p.first_of_round <= round_began_with_)
    p.first_of_round = report.packet;
  if (phase_ == rate_phase::startup)
    return sampled && report.packet > round_began_with_;
  return p.first_of_round > round_began_with_ && report.packet >= p.first_of_round + round_packets;
}

void adaptive_rate::look_at_paths(timestamp now) {
  find_delivered(now);
  find_slowest(now);
}

void adaptive_rate::find_delivered(timestamp now) {
  constexpr auto none = std::numeric_limits<bit_rate>::max();
  auto least = none;
  bit_rate most_taken_in = 0;
  for (const auto& [id, p] : paths_) {
    if (!p.speaks(now))
      continue;
    most_taken_in = std::max(most_taken_in, p.estimate.takes_in());
    // One that nothing has reached yet says nothing of how fast it could be reached.
    if (const auto delivers = p.estimate.delivers(); delivers != 0 && delivers < least) {
      delivered_ = least = delivers;
      limiting_reported_ = p.round == round_;
    }
  }
  // Nobody sets it: no faster than anything is taken in.
  if (least == none && most_taken_in != 0) {
    delivered_ = most_taken_in;
    limiting_reported_ = true;
  }
}

void adaptive_rate::find_slowest(timestamp now) {
  slowest_.reset();
  shown_.clear();
  auto least = std::numeric_limits<bit_rate>::max();
  for (const auto& [id, p] : paths_) {
    const auto shown = p.estimate.takes_in();
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
  // Where most take in the same, it is the sender or a path they share, and nobody is to be accused.
  const auto median = shown_.begin() + static_cast<std::ptrdiff_t>(shown_.size() / 2);
  std::nth_element(shown_.begin(), median, shown_.end());
  if (!has_grown(least, *median))
    slowest_.reset();
}

bool adaptive_rate::anybody_suspected() const noexcept {
  return std::any_of(paths_.begin(), paths_.end(),
                     [](const auto& entry) { return entry.second.estimate.is_suspected(); });
}

/// What made the search drain was the paths' own loss; or, once for each doubling, it may have been: it went away, but few
/// of many had it, and no queue stood there, so it can have been a burst.
bool adaptive_rate::lost_by_chance() const noexcept {
  std::size_t full = 0;
  auto queueing = false;
  for (const auto& [id, p] : paths_)
    if (p.estimate.was_full()) {
      ++full;
      queueing = queueing || p.estimate.was_queueing();
    }
  const auto may_be_burst = !queueing && 2 * full <= paths_.size() && delivered_ / 2 >= resumed_at_;
  return drains_for_loss_ && (full == 0 || may_be_burst);
}

/// So slow that none of the suspected queues can be full; 0: none is suspected.
bit_rate adaptive_rate::test_rate() const noexcept {
  bit_rate least = 0;
  for (const auto& [id, p] : paths_)
    if (const auto rate = p.estimate.test_rate(); rate != 0 && (least == 0 || rate < least))
      least = rate;
  return least;
}

// -- rounds -------------------------------------------------------------------------------------------

bool adaptive_rate::is_over(timestamp now) const noexcept {
  return reported_ > 0 && (reported_ >= awaited_ || now > awaited_until_);
}

void adaptive_rate::begin_round(timestamp now) {
  ++round_;
  late_ = false;
  round_began_with_ = sent_.last_packet();
  round_began_at_ = now;
  bytes_before_round_ = sent_.bytes();
  reported_ = 0;
  worst_loss_ = most_lost_ = 0;
  lossy_ = false;
  held_back_in_span_ = held_back_in_span_ || held_back_;
  held_back_ = false;
  await_reports(now);
}

void adaptive_rate::end_round(timestamp now) {
  look_at_lateness(now);
  look_at_paths(now);
  if (delivered_ != 0)
    step(now);
  begin_round(now);
}

void adaptive_rate::look_at_lateness(timestamp now) {
  if (delivered_ == 0 || is_calm(phase_) || held_back_at_ >= round_began_at_)
    return;
  if (worst_loss_ > 0)
    makeup_.reset();
  else
    makeup_.on_round(
      rate_of(static_cast<double>(sent_.bytes() - bytes_before_round_), now - round_began_at_),
      std::max(wanted(), defaults::min_rate));
}

duration adaptive_rate::patience_for(const path& p, bit_rate rate) const noexcept {
  if (phase_ != rate_phase::startup || p.estimate.is_new())
    return p.patience;
  // Where a queue grows, what leaves now comes later than what was reported on, by as much as more leaves than arrives.
  const auto growth = std::clamp(
    static_cast<double>(rate) / static_cast<double>(std::max<bit_rate>(1, p.estimate.takes_in())),
    1.0, gain(rate_phase::startup));
  const auto way
    = duration{static_cast<std::int64_t>(growth * static_cast<double>(p.delay.count()))};
  return std::min<duration>(max_patience,
                            way
                              + std::clamp<duration>(search_patience_in_reports * p.gap,
                                                     min_search_patience, max_search_patience));
}

void adaptive_rate::await_reports(timestamp now) {
  // At low rates a sample takes long, however often they report.
  const auto sample_bytes
    = round_packets * sent_.bytes() / std::max<std::uint64_t>(1, sent_.last_packet());
  const auto present_rate = rate(now);
  const auto two_samples = time_of(2 * sample_bytes, present_rate);
  awaited_ = 0;
  awaited_until_ = now;
  for (const auto& [id, p] : paths_)
    if (p.is_awaited(now)) {
      ++awaited_;
      awaited_until_ = std::max(awaited_until_, now + patience_for(p, present_rate) + two_samples);
    }
}

// -- phases -------------------------------------------------------------------------------------------

void adaptive_rate::step(timestamp now) {
  ++rounds_in_phase_;
  switch (phase_) {
    case rate_phase::startup:
      return step_startup(now);
    case rate_phase::drain:
    case rate_phase::relax:
      return step_calm(now);
    case rate_phase::cruise:
      return step_cruise(now);
    case rate_phase::probe:
      return; // it ends when it was long enough
  }
}

void adaptive_rate::step_startup(timestamp now) {
  overshot_ = worst_loss_ > much_loss;
  // Lost datagrams stop the window, too: then it is no excuse.
  excused_ = held_back_ && most_lost_ <= much_loss;
  if (has_grown(compared_to_, delivered_)) {
    compared_to_ = delivered_;
    flat_rounds_ = late_rounds_ = 0;
    return;
  }
  // A slower path has come up: it is its growth that counts.
  compared_to_ = std::min(compared_to_, delivered_);
  if (late_ && most_lost_ <= much_loss && late_rounds_ < most_late_rounds) {
    ++late_rounds_; // no more was offered
  } else if (excused_) {
    ++flat_rounds_;
  } else if (!limiting_reported_ && !lossy_) {
    return; // nothing was learnt of the path that matters
  } else if (++flat_rounds_ >= flat_rounds || lossy_) {
    // What did not go out faster than it arrives has built no queue.
    const auto pushed = lossy_ || anybody_suspected() || went_faster_than_delivered(now);
    drains_for_loss_ = anybody_suspected();
    enter(pushed ? rate_phase::drain : rate_phase::cruise, now);
  }
}

void adaptive_rate::step_calm(timestamp now) {
  if (test_rate_ == 0 && !phase_was_long_enough(now))
    return;
  if (anybody_suspected() && rounds_in_phase_ < max_calm_rounds
      && now - phase_began_at_ < max_phase)
    return;
  for (auto& [id, p] : paths_)
    p.estimate.end_calm_phase(phase_began_with_);
  look_at_paths(now);
  const auto of_search = phase_ == rate_phase::drain;
  if (of_search && (has_grown(compared_to_, delivered_) || lost_by_chance())) {
    resumed_at_ = delivered_;
    enter(rate_phase::startup, now);
    overshot_ = true;
    return;
  }
  if (of_search)
    for (auto& [id, p] : paths_)
      p.estimate.end_search();
  enter(rate_phase::cruise, now);
}

void adaptive_rate::step_cruise(timestamp now) {
  if (probed_)
    look_at_probe(now);
  else if (rounds_in_phase_ >= cruise_rounds_.value_or(usual_cruise) && phase_was_long_enough(now))
    enter(rate_phase::probe, now);
}

/// All reports on the probe are in.
void adaptive_rate::look_at_probe(timestamp now) {
  if (!limiting_reported_ && rounds_in_phase_ < flat_rounds)
    return;
  probed_ = false;
  if (has_grown(compared_to_, delivered_)) {
    cruise_rounds_.reset();
    enter(++grown_probes_ >= probes_to_search ? rate_phase::startup : rate_phase::probe, now);
    return;
  }
  grown_probes_ = 0;
  begin_span();
  enter(rate_phase::relax, now);
}

void adaptive_rate::end_probe(timestamp now) {
  probed_ = true;
  enter(rate_phase::cruise, now);
  begin_round(now);
}

void adaptive_rate::relax_at_once(timestamp now) {
  if (phase_ == rate_phase::probe || probed_)
    cruise_rounds_ = std::min(2 * cruise_rounds_.value_or(usual_cruise), longest_cruise);
  probed_ = false;
  grown_probes_ = 0;
  look_at_paths(now);
  enter(rate_phase::relax, now);
  begin_round(now);
}

void adaptive_rate::enter(rate_phase next, timestamp now) {
  phase_ = next;
  phase_began_with_ = sent_.last_packet();
  phase_began_at_ = now;
  phases_.enter(next, sent_.last_packet() + 1);
  rounds_in_phase_ = 0;
  flat_rounds_ = late_rounds_ = 0;
  overshot_ = false;
  overflowed_ = false;
  test_rate_ = is_calm(next) ? test_rate() : 0;
  if (is_calm(next))
    makeup_.reset();
  if (!probed_)
    compared_to_ = delivered_;
}

void adaptive_rate::begin_span() {
  if (!held_back_in_span_)
    for (auto& [id, p] : paths_)
      p.estimate.begin_span();
  held_back_in_span_ = false;
}

bool adaptive_rate::phase_was_long_enough(timestamp now) const noexcept {
  const auto took = now - phase_began_at_;
  if (took >= max_phase)
    return true;
  if (took < min_phase || sent_.last_packet() - phase_began_with_ < phase_packets)
    return false;
  duration gap{};
  for (const auto& [id, p] : paths_)
    if (p.is_awaited(now))
      gap = std::max(gap, p.gap);
  return took >= phase_in_gaps * gap;
}

bool adaptive_rate::went_faster_than_delivered(timestamp now) const noexcept {
  const auto sent
    = rate_of(static_cast<double>(sent_.bytes() - bytes_before_round_), now - round_began_at_);
  return has_grown(delivered_, sent);
}

} // namespace fleetcast::protocol
