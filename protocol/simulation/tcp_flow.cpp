#include "protocol/simulation/tcp_flow.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol::simulation {

namespace {

/// Segments acknowledged above one that show it lost.
constexpr std::size_t reordering = 3;

constexpr duration initial_time_out = seconds(1);
constexpr duration min_time_out = milliseconds(200); // what Linux takes
constexpr unsigned most_doublings = 6;

} // namespace

std::uint64_t tcp_flow::send(timestamp now) {
  if (in_flight_.empty())
    progress_at_ = now;
  in_flight_.emplace(next_, now);
  return next_++;
}

void tcp_flow::on_acknowledged(timestamp now, std::uint64_t segment) {
  const auto sent = in_flight_.find(segment);
  if (sent == in_flight_.end())
    return; // taken for lost before
  measure(now - sent->second);
  in_flight_.erase(sent);
  progress_at_ = now;
  backed_off_ = 0;
  ++acknowledged_;
  // While losses are being paid for the window stands still.
  if (segment > recover_)
    window_ += window_ < threshold_ ? 1 : 1 / window_;
  highest_.insert(segment);
  if (highest_.size() > reordering)
    highest_.erase(highest_.begin());
  find_lost();
}

void tcp_flow::find_lost() {
  if (highest_.size() < reordering)
    return;
  while (!in_flight_.empty() && in_flight_.begin()->first < *highest_.begin()) {
    const auto segment = in_flight_.begin()->first;
    in_flight_.erase(in_flight_.begin());
    reduce(segment);
  }
}

void tcp_flow::reduce(std::uint64_t lost) {
  ++lost_;
  if (lost <= recover_)
    return;
  threshold_ = window_ = std::max(2.0, window_ / 2);
  recover_ = next_ - 1;
}

void tcp_flow::measure(duration rtt) noexcept {
  const auto sample = static_cast<double>(rtt.count());
  if (smoothed_rtt_ == 0) {
    smoothed_rtt_ = sample;
    rtt_variation_ = sample / 2;
    return;
  }
  rtt_variation_ += (std::abs(smoothed_rtt_ - sample) - rtt_variation_) / 4;
  smoothed_rtt_ += (sample - smoothed_rtt_) / 8;
}

timestamp tcp_flow::next_event() const noexcept {
  if (in_flight_.empty())
    return never;
  const auto measured = duration{static_cast<std::int64_t>(smoothed_rtt_ + 4 * rtt_variation_)};
  const auto time_out
    = smoothed_rtt_ == 0 ? duration{initial_time_out} : std::max<duration>(measured, min_time_out);
  return progress_at_ + time_out * (1U << backed_off_);
}

void tcp_flow::on_time(timestamp now) {
  if (now < next_event())
    return;
  lost_ += in_flight_.size();
  in_flight_.clear();
  threshold_ = std::max(2.0, window_ / 2);
  window_ = 1;
  recover_ = next_ - 1;
  progress_at_ = now;
  backed_off_ = std::min(backed_off_ + 1, most_doublings);
}

} // namespace fleetcast::protocol::simulation
