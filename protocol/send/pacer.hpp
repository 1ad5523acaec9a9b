/// Spreads datagrams over time at a given rate.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace fleetcast::protocol {

/// A virtual link that is busy until `free_at`: sending starts when it is free, may run ahead by the
/// pacing quantum so that batches form, and idle time counts for at most the largest burst.
class pacer {
public:
  /// Whether a batch may begin.
  bool ready(timestamp now) const noexcept { return free_at_ <= now; }

  /// Whether a batch that began at `now` may go on.
  bool may_continue(timestamp now) const noexcept {
    return free_at_ < now + defaults::pacing_quantum;
  }

  void spend(timestamp now, std::size_t bytes, bit_rate rate) noexcept {
    const auto cost = duration{static_cast<std::int64_t>(bytes * 8'000'000'000ULL / rate)};
    free_at_ = std::max(free_at_, now - defaults::max_burst) + cost;
  }

  /// When `ready` becomes true.
  timestamp free_at() const noexcept { return free_at_; }

private:
  timestamp free_at_ = timestamp::zero();
};

} // namespace fleetcast::protocol
