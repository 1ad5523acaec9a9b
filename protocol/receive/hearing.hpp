/// Whether the group is heard, and when to join it again.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>

namespace fleetcast::protocol {

/// A sender never stops its heartbeats, so a receiver that no authentic datagram reaches for a few seconds is deaf. A
/// switch may have forgotten it: one that listens to IGMP or MLD without a querier does, some minutes after the last
/// membership report. Only a new report helps, so the group is left and joined again, at first soon, then seldom.
///
/// Times are own_time.
class hearing {
public:
  explicit hearing(timestamp now) : heard_at_(now) {}

  /// An authentic datagram came.
  void heard(timestamp now) noexcept {
    heard_at_ = now;
    has_heard_ = true;
    is_deaf_ = false;
  }

  void on_time(timestamp now) noexcept {
    if (!is_deaf_ && now - heard_at_ >= defaults::hearing_lost_after) {
      is_deaf_ = true;
      quick_joins_left_ = defaults::quick_rejoins + 1; // the one at once, and those
      next_join_ = now;
    }
    if (!is_deaf_ || now < next_join_)
      return;
    ++joins_;
    quick_joins_left_ -= quick_joins_left_ > 0 ? 1 : 0;
    next_join_ = now
                 + (quick_joins_left_ > 0 ? defaults::quick_rejoin_interval
                                          : defaults::slow_rejoin_interval);
  }

  bool is_deaf() const noexcept { return is_deaf_; }

  /// Something was heard, ever.
  bool has_heard() const noexcept { return has_heard_; }

  /// How often the group should have been joined again so far: a number that grows is a new order to do so.
  std::uint32_t joins() const noexcept { return joins_; }

  duration silence(timestamp now) const noexcept { return now - heard_at_; }

  /// It was deaf for so long that nothing will come any more.
  bool is_lost(timestamp now) const noexcept {
    return silence(now) > defaults::sender_silence_limit;
  }

  /// When on_time or is_lost will say something new.
  timestamp next_event() const noexcept {
    const auto lost = heard_at_ + defaults::sender_silence_limit + microseconds(1);
    return std::min(lost, is_deaf_ ? next_join_ : heard_at_ + defaults::hearing_lost_after);
  }

private:
  timestamp heard_at_;
  timestamp next_join_{};
  std::uint32_t joins_ = 0;
  unsigned quick_joins_left_ = 0;
  bool has_heard_ = false;
  bool is_deaf_ = false;
};

} // namespace fleetcast::protocol
