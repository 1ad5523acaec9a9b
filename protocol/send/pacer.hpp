/// Spreads datagrams over time at a given rate.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/bit_rate.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace fleetcast::protocol {

/// A virtual link that is busy until `free_at`: sending starts when it is free and may run ahead by the pacing
/// quantum so that batches form. A wake-up that comes late is made up for, up to the largest burst. Time in which
/// there was nothing to send is not: what it would save up would leave in one instant.
class pacer {
public:
  /// Whether a batch may begin.
  bool ready(timestamp now) const noexcept { return free_at_ <= now; }

  /// Whether a batch that began at `now` may go on.
  bool may_continue(timestamp now) const noexcept {
    return free_at_ < now + defaults::pacing_quantum;
  }

  /// How many datagrams of `bytes` may go on with it: one more than fits, and one at least.
  std::size_t room(timestamp now, std::size_t bytes, bit_rate rate) const noexcept {
    const auto left = now + defaults::pacing_quantum - busy_until(now);
    const auto cost = std::max(duration{1}, time_of(bytes, rate));
    return left <= duration::zero() ? 1 : static_cast<std::size_t>(left / cost) + 1;
  }

  void spend(timestamp now, std::size_t bytes, bit_rate rate) noexcept {
    free_at_ = busy_until(now) + time_of(bytes, rate);
    idle_ = false;
  }

  /// There is nothing to send: the time until the next `spend` saves nothing up.
  void idle() noexcept { idle_ = true; }

  /// When `ready` becomes true.
  timestamp free_at() const noexcept { return free_at_; }

private:
  timestamp busy_until(timestamp now) const noexcept {
    return std::max(free_at_, idle_ ? now : now - defaults::max_burst);
  }

  timestamp free_at_ = timestamp::zero();
  bool idle_ = true;
};

} // namespace fleetcast::protocol
