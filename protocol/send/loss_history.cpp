#include "protocol/send/loss_history.hpp"

#include <algorithm>
#include <array>

namespace fleetcast::protocol {

namespace {

/// Weights of the intervals, latest first.
constexpr std::array weights{1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2};

/// Events that a time of congestion may take back; and a mean's worth of intervals before them.
constexpr std::size_t most_further = 2 * weights.size();
constexpr std::size_t most_intervals = most_further + weights.size();

/// In mean intervals: longer than that no time of congestion lasts.
constexpr double longest_congestion = 1;

/// Share of its datagrams: more are lost where a path carries less than it did.
constexpr double most_lost = 0.1;

/// The queue has shrunk when the round trip has, by so much of what it had above the shortest.
constexpr int shrunk_by = 8;

} // namespace

void loss_history::on_packets(double count, double lost) {
  open_ += count;
  since_begin_ += count;
  lost_since_begin_ += lost;
}

void loss_history::on_round_trip(duration rtt) {
  latest_rtt_ = rtt;
  shortest_rtt_ = shortest_rtt_ == duration::zero() ? rtt : std::min(shortest_rtt_, rtt);
  if (is_congested_ && rtt < rtt_at_begin_ - (rtt_at_begin_ - shortest_rtt_) / shrunk_by)
    end_congestion();
}

void loss_history::begin(double interval) {
  intervals_.assign(1, std::max(1.0, interval));
  open_ = 0;
  begin_congestion();
}

void loss_history::on_event() {
  const bool goes_on = is_congested_ && further_ < most_further
                       && since_begin_ < longest_congestion * closed_mean(further_);
  intervals_.push_front(std::max(1.0, open_));
  open_ = 0;
  if (intervals_.size() > most_intervals)
    intervals_.pop_back();
  if (goes_on)
    ++further_;
  else
    begin_congestion();
}

void loss_history::begin_congestion() {
  is_congested_ = true;
  rtt_at_begin_ = latest_rtt_;
  since_begin_ = 0;
  lost_since_begin_ = 0;
  further_ = 0;
}

void loss_history::end_congestion() {
  is_congested_ = false;
  // The first time is the end of slow start: whoever doubles its rate loses much, TCP as well.
  const bool is_first = intervals_.size() == further_ + 1;
  if (!is_first && lost_since_begin_ > most_lost * since_begin_)
    return;
  for (; further_ > 0; --further_) {
    open_ += intervals_.front();
    intervals_.pop_front();
  }
}

loss_history::weighted loss_history::weigh(std::size_t first, std::size_t weight) const noexcept {
  weighted result;
  for (; first < intervals_.size() && weight < weights.size(); ++first, ++weight) {
    result.sum += weights[weight] * intervals_[first];
    result.total += weights[weight];
  }
  return result;
}

double loss_history::closed_mean(std::size_t first) const noexcept {
  const auto closed = weigh(first, 0);
  return closed.sum / closed.total;
}

double loss_history::event_rate() const noexcept {
  if (intervals_.empty())
    return 0;
  // The mean of the closed intervals, or that with the open one in front if it is longer. One more than twice
  // as long discounts what was before it, down to half (RFC 5348 section 5.5): a quiet time counts soon.
  const auto closed = closed_mean(0);
  const auto discount = std::clamp(2 * closed / std::max(1.0, open_), 0.5, 1.0);
  const auto before = weigh(0, 1);
  const auto with_open
    = (weights[0] * open_ + discount * before.sum) / (weights[0] + discount * before.total);
  return 1 / std::max({1.0, closed, with_open});
}

} // namespace fleetcast::protocol
