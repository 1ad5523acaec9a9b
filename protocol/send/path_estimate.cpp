#include "protocol/send/path_estimate.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fleetcast::protocol {

namespace {

/// Shorter samples tell more of thread wake-ups than of the path. While the rate doubles that matters less.
constexpr duration min_window = milliseconds(10);
constexpr duration min_search_window = milliseconds(3);

/// Datagrams in a window, at least: fewer make its rate a matter of chance. What the search learns is soon overtaken.
constexpr double min_packets = 32;
constexpr std::uint64_t min_search_packets = 16;

/// Losses of fewer datagrams are not judged; those of a phase that lasts this long are.
constexpr double min_judged = 96;
constexpr double min_judged_in_search = 64;

/// Of so many, how they fall matters less.
constexpr double sure_in_search = 192;

/// Datagrams in a window, at most, and at low rates so long must do.
constexpr double max_packets = 1024;
constexpr duration max_window = milliseconds(250);

/// Cells of a count without which its dispersion says nothing.
constexpr unsigned min_cells = 3;

/// Losses that vary so little come from a queue, or one by one.
constexpr double even_dispersion = 2;

/// More than this above the floor, and more than chance, is a queue that overflows; in the search, whose steps are
/// twofold, so much.
constexpr double overflow_loss = 0.02;
constexpr double much_loss = 0.1;

/// Sent at this share of what is taken in at best a path is calm.
constexpr double calm_share = 0.9;

/// What a path that loses more than this at any rate takes in says nothing of how fast one should send.
constexpr double max_loss_floor = 0.7;
constexpr double min_known = 64;

/// Calm datagrams from which on the floor tells better what is lost for want of room than a best rate does.
constexpr double well_known = 512;

/// So far from the middle between "full" and "its own", in standard deviations, a test has shown which; and when no more
/// time is to be spent on it.
constexpr double clear_deviations = 2.5;
constexpr double last_deviations = 1.8;

/// Of what left this much must have arrived, and in no more than so many times the time in which it left, for the path
/// to have kept up with it.
constexpr double kept_up_share = 0.9;
constexpr int kept_up_times = 2;

/// Sent at no more than this share of the group's rate, nothing can show that more is taken in.
constexpr double offered_growth = 1.1;

/// From one sample to the next no more growth is believed where reports are so late that it cannot be measured.
constexpr double doubtful_growth = 1.5;

/// A path's first samples that say nothing, since the sender was slow: so many are passed over.
constexpr unsigned most_passed_over = 3;

/// A report that comes so much later than the soonest ones, and by a quarter of their delay, was behind a queue.
constexpr duration queueing_delay = milliseconds(4);

/// How much more a window may have taken in, had its losses fallen otherwise.
template <class Window>
double doubt_of(const Window& w) noexcept {
  return 3 * static_cast<double>(w.left()) * deviation_between(w.count, w.count);
}

bool was_held_back(const path_report& since, const lane_state& lane) noexcept {
  return lane.held_back_at >= since.left_at;
}

} // namespace

// -- windows ------------------------------------------------------------------------------------------

duration path_estimate::window::took() const noexcept {
  return std::max(end.left_at - begin.left_at, end.came_at - begin.came_at - lateness);
}

bit_rate path_estimate::window::left() const noexcept {
  return rate_of(static_cast<double>(end.bytes - begin.bytes), end.left_at - begin.left_at);
}

bit_rate path_estimate::window::taken_in() const noexcept {
  return taken_in_but_for(count.share());
}

bit_rate path_estimate::window::taken_in_but_for(double lost) const noexcept {
  return rate_of(static_cast<double>(end.bytes - begin.bytes) * (1 - lost), took());
}

void path_estimate::window::extend(const path_report& now, duration reports_late) {
  const auto sent = now.packet - end.packet;
  // Duplicates, and a receiver that lies, can claim no more than left.
  const auto received = std::min(now.received - std::min(now.received, end.received), sent);
  count.add(static_cast<double>(sent), static_cast<double>(sent - received));
  end = now;
  lateness = reports_late;
}

// -- what is known ------------------------------------------------------------------------------------

bit_rate path_estimate::takes_in() const noexcept {
  const auto best = std::max(best_, best_before_);
  return ceiling_ == 0 ? best : std::min(best, ceiling_);
}

bit_rate path_estimate::delivers() const noexcept {
  if (loses_at_any_rate())
    return 0;
  const auto lost = std::min(floor_.sure_share(), max_loss_floor);
  return static_cast<bit_rate>(static_cast<double>(takes_in()) / (1 - lost));
}

bool path_estimate::loses_at_any_rate() const noexcept {
  return floor_.known_from() >= min_known && floor_.share() > max_loss_floor;
}

bit_rate path_estimate::test_rate() const noexcept {
  return is_suspected() ? share_of(suspected_->fast.taken_in(), calm_share) : 0;
}

void path_estimate::begin_span() noexcept {
  best_before_ = std::exchange(best_, 0);
}

// -- reports ------------------------------------------------------------------------------------------

path_estimate::finding path_estimate::on_report(const path_report& now, const lane_state& lane) {
  least_delay_ = std::min(least_delay_, now.came_at - now.left_at);
  if (!base_) {
    base_ = latest_ = now;
    return {};
  }
  note_lateness(now);
  latest_ = now;
  return lane.phase == rate_phase::startup ? on_search_report(now, lane)
                                           : on_window_report(now, lane);
}

void path_estimate::note_lateness(const path_report& now) noexcept {
  if (takes_in() == 0 || now.packet <= latest_.packet || now.received <= latest_.received)
    return;
  // Between so many arrivals there is one gap fewer.
  const auto sent = static_cast<double>(now.packet - latest_.packet);
  const auto arrived = std::min(sent, static_cast<double>(now.received - latest_.received));
  const auto gaps = std::max(0.0, arrived - 1) / sent;
  const auto bytes = gaps * static_cast<double>(now.bytes - latest_.bytes);
  const auto path_took = time_of(static_cast<std::size_t>(bytes), takes_in());
  lateness_.on_report(now.came_at - latest_.came_at,
                      std::min(now.left_at - latest_.left_at, path_took));
}

bool path_estimate::queues(const path_report& at) const noexcept {
  return at.came_at - at.left_at
         > least_delay_ + std::max(queueing_delay, least_delay_ / 4) + lateness_.value();
}

// -- the search ---------------------------------------------------------------------------------------

path_estimate::finding path_estimate::on_search_report(const path_report& now,
                                                       const lane_state& lane) {
  running_.reset();
  const auto w = search_window(now, lane);
  if (!w)
    return {};
  auto result = take_sample(*w, lane);
  base_ = now;
  return result;
}

/// What left since the round began: half of a sample at the old rate would hide most of what the new one brings. Where
/// much is lost the link was full all the time, and all since the last report counts. Nothing: it is too early to tell.
std::optional<path_estimate::window> path_estimate::search_window(const path_report& now,
                                                                  const lane_state& lane) {
  if (now.packet < base_->packet + min_search_packets)
    return std::nullopt;
  window w{*base_, *base_, {}};
  w.extend(now, lateness_.value());
  const auto full = floor_.excess(w.count) > 0;
  if (full && w.count.sent() < min_packets)
    return std::nullopt;
  if (base_->packet <= lane.round_began_with && !full) {
    if (now.packet < lane.round_began_with + min_search_packets)
      return std::nullopt;
    if (queues(*base_)) {
      // What left before did not arrive as it left.
      base_ = now;
      search_count_ = {};
      return std::nullopt;
    }
    if (const auto first = lane.sent.find(lane.round_began_with + 1)) {
      w.begin.packet = lane.round_began_with;
      w.begin.bytes = first->bytes;
      // At the latest it was on its way as long as the quickest: what waits in a queue now is nothing taken in.
      w.begin.left_at = first->at;
      w.begin.came_at = first->at + least_delay_;
    }
  }
  if (w.took() < min_search_window || now.bytes <= w.begin.bytes)
    return std::nullopt;
  return w;
}

path_estimate::finding path_estimate::take_sample(const window& w, const lane_state& lane) {
  finding result;
  result.sampled = true;
  auto taken_in = w.taken_in();
  const auto in_time = w.took() <= kept_up_times * (w.end.left_at - w.begin.left_at);
  const auto held = was_held_back(w.begin, lane);
  // No more was offered than it is known to take in.
  const auto late = !held && in_time && w.left() <= share_of(lane.delivered, offered_growth);
  if (w.count.share() < 1 - kept_up_share && (held || late)) {
    // The sender was slow, for want of room, content or a processor: nothing speaks against the present rate.
    result.held_back = held || w.left() < lane.rate / 2;
    result.late = late;
    if (takes_in() == 0 && !in_time && ++passed_over_ <= most_passed_over)
      return result;
  }
  const auto full = floor_.excess(w.count) > 0;
  // What a full queue lets through comes evenly: between so many arrivals there is one gap fewer.
  if (const auto arrived = w.count.sent() - w.count.lost(); full && arrived > 1)
    taken_in = share_of(taken_in, (arrived - 1) / arrived);
  // Where the time that a sample took is mostly lateness, it shows how fast it left and little more.
  if (takes_in() != 0 && w.end.came_at - w.begin.came_at < 2 * w.lateness)
    taken_in = std::min(taken_in, share_of(takes_in(), doubtful_growth));
  // What kept up with the trickle before the first report says nothing against half of the start rate.
  if (takes_in() == 0 && !full && in_time)
    taken_in = std::max(taken_in, share_of(defaults::start_rate, (1 - w.count.share()) / 2));
  best_ = std::max(best_, taken_in);
  if (ceiling_ != 0 && !full)
    ceiling_ = std::max(ceiling_, taken_in);
  learn_from_search();
  if (!held || w.count.lost() == 0)
    latest_samples_ = {std::move(latest_samples_[1]), w};
  judge_search(w, queues(w.end), result);
  return result;
}

/// Samples of the search were calm if it turns out that more is taken in: so the floor of a radio link costs no trial.
void path_estimate::learn_from_search() {
  for (auto& sample : latest_samples_) {
    if (!sample || sample->left() > share_of(takes_in(), calm_share))
      continue;
    floor_.add_calm(sample->count);
    sample.reset();
  }
}

void path_estimate::judge_search(const window& w, bool queued, finding& result) {
  search_count_.add(w.count);
  floor_.bound(search_count_);
  const auto excess = floor_.excess(search_count_);
  const auto too_much = excess > 0 && search_count_.share() - floor_.share() > overflow_loss;
  if (!loses_at_any_rate()) {
    result.excess = excess;
    result.lost = search_count_.share() - floor_.share();
  }
  if (too_much) {
    queueing_ = queued || (queueing_ && suspected_);
    suspected_ = suspicion{w, {}, true};
  } else {
    suspected_.reset();
  }
  full_ = false;
  if (search_count_.sent() < min_judged_in_search
      || (search_count_.cells() < min_cells && search_count_.sent() < sure_in_search))
    return;
  // One sample may have met a burst; two in a row, hardly.
  result.lossy = too_much && struck_ && !loses_at_any_rate();
  struck_ = too_much;
  search_count_ = {};
}

// -- after the search ---------------------------------------------------------------------------------

path_estimate::finding path_estimate::on_window_report(const path_report& now,
                                                       const lane_state& lane) {
  finding result;
  if (now.packet <= base_->packet)
    return result;
  const auto left_in = lane.phases.find(now.packet);
  const auto same_phase
    = [&](std::uint64_t packet) { return left_in && packet >= left_in->first_packet; };
  if (running_ && !same_phase(running_->begin.packet + 1)) {
    if (const auto before = lane.phases.find(running_->begin.packet + 1))
      close_window(before->phase, lane, result);
    running_.reset();
  }
  if (same_phase(base_->packet + 1)) {
    if (!running_)
      running_ = window{*base_, *base_, {}};
    running_->extend(now, lateness_.value());
    look_at_window(left_in->phase, lane, result);
  }
  base_ = now;
  return result;
}

void path_estimate::look_at_window(rate_phase left_in, const lane_state& lane, finding& result) {
  const auto& w = *running_;
  if (left_in == rate_phase::startup)
    return;
  if (is_calm(left_in) && suspected_) {
    auto slow = suspected_->slow;
    slow.add(w.count);
    look_at_suspicion(slow, false);
    if (!suspected_) {
      running_.reset();
      return;
    }
  }
  if (!is_calm(left_in) && !is_calm(lane.phase) && w.count.cells() >= min_cells
      && w.count.sent() >= min_judged && w.took() >= min_window && is_too_much(w)) {
    // One window may have met a burst; two in a row, hardly.
    if (struck_) {
      suspected_ = suspicion{w, {}, false};
      result.overflows = !loses_at_any_rate();
    } else {
      best_ = std::max(best_, w.taken_in());
    }
    struck_ = !struck_;
    running_.reset();
    return;
  }
  if ((w.count.sent() >= max_packets && w.took() >= min_window)
      || (w.took() >= max_window && w.count.sent() >= min_judged))
    close_window(left_in, lane, result);
}

void path_estimate::close_window(rate_phase left_in, const lane_state& lane, finding& result) {
  const auto w = *std::exchange(running_, std::nullopt);
  if (w.count.sent() < min_packets || w.took() < min_window)
    return;
  if (is_calm(left_in))
    learn_calm(w);
  else
    learn(w, left_in, lane, result);
}

void path_estimate::learn_calm(const window& w) {
  if (suspected_)
    suspected_->slow.add(w.count);
  else if (w.left() <= share_of(takes_in(), calm_share))
    floor_.add_calm(w.count);
  else
    floor_.bound(w.count);
}

void path_estimate::learn(const window& w, rate_phase left_in, const lane_state& lane,
                          finding& result) {
  struck_ = false;
  floor_.bound(w.count);
  const auto too_much = overflows(w);
  const auto kept_up = !too_much && w.count.share() < 1 - kept_up_share;
  const auto held = was_held_back(w.begin, lane);
  // Nor does what the sender was too late for.
  const auto late = kept_up && w.left() < share_of(lane.delivered, kept_up_share * gain(left_in));
  result.held_back = result.held_back || (kept_up && held) || late;
  // A newcomer that keeps up with a slow sender says nothing against the rate that there is.
  if (takes_in() == 0 && kept_up && w.left() < share_of(lane.delivered, calm_share))
    return;
  if (left_in == rate_phase::cruise && !held)
    confirm(w);
  best_ = std::max(best_, w.taken_in());
  if (!too_much && ceiling_ != 0)
    ceiling_ = std::max(ceiling_, w.taken_in());
}

void path_estimate::confirm(const window& w) {
  if (!unconfirmed_ || w.count.sent() < min_judged || w.left() < share_of(takes_in(), calm_share))
    return;
  unconfirmed_ = false;
  // A burst is no word against it, however long it was; a queue loses evenly.
  const auto bursty = w.count.dispersion() > even_dispersion;
  const auto taken_in
    = bursty ? std::max(w.taken_in(), w.taken_in_but_for(floor_.share())) : w.taken_in();
  const auto doubt = bursty ? doubt_of(w) : 0;
  if (static_cast<double>(taken_in) + doubt >= static_cast<double>(takes_in()))
    return;
  best_ = taken_in;
  best_before_ = 0;
}

bool path_estimate::overflows(const window& w) const noexcept {
  return floor_.excess(w.count) > 0 && w.count.share() - floor_.share() > overflow_loss;
}

/// As much was sent as it is known to take in, and it took in less.
bool path_estimate::takes_less_than_known(const window& w) const noexcept {
  if (floor_.known_from() >= well_known || w.left() < takes_in())
    return false;
  return static_cast<double>(w.taken_in()) + doubt_of(w)
         < (1 - overflow_loss) * static_cast<double>(takes_in());
}

// -- suspicions ---------------------------------------------------------------------------------------

void path_estimate::end_calm_phase(std::uint64_t began_with) {
  std::optional<window> last;
  if (running_ && running_->begin.packet >= began_with)
    last = std::exchange(running_, std::nullopt);
  if (suspected_) {
    auto slow = suspected_->slow;
    if (last)
      slow.add(last->count);
    look_at_suspicion(slow, true);
  } else if (last && last->count.sent() >= min_packets && last->took() >= min_window) {
    learn_calm(*last);
  }
}

void path_estimate::look_at_suspicion(const loss_count& slow, bool last) {
  const auto fast = suspected_->fast.count;
  const auto middle = (fast.share() + floor_.share()) / 2;
  const auto doubt = deviation_between(fast, slow);
  const auto clear
    = std::abs(slow.share() - middle) >= (last ? last_deviations : clear_deviations) * doubt;
  // Going slower makes no loss: where it seems to, a burst was met.
  const auto burst = slow.share() > fast.share() + clear_deviations * doubt;
  if (slow.sent() >= min_packets && clear && !burst)
    resolve(slow.share() > middle ? verdict::own : verdict::full, slow);
  else if (last)
    resolve(closing_verdict(fast, slow), slow);
}

/// Nearer to the one than to the other it is not; what was lost while the queue cannot have been full is the path's own
/// all the same, and the rest may be chance.
path_estimate::verdict path_estimate::closing_verdict(const loss_count& fast,
                                                      const loss_count& slow) {
  if (slow.sent() < min_judged)
    return verdict::open;
  loss_floor calm;
  calm.add_calm(slow);
  return calm.excess(fast) > 0 ? verdict::full : verdict::own;
}

void path_estimate::resolve(verdict found, const loss_count& slow) {
  const auto s = *std::exchange(suspected_, std::nullopt);
  full_ = found != verdict::own;
  if (found == verdict::own) {
    floor_.restart(slow);
    return;
  }
  if (found == verdict::full)
    floor_.add_calm(slow);
  if (!s.of_search)
    ceiling_ = s.fast.taken_in();
}

} // namespace fleetcast::protocol
