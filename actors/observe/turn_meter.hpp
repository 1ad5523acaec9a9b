/// The duty cycle of a loop: how often it ran, and the longest it left its work lying.
#pragma once

#include "protocol/timestamp.hpp"

#include <atomic>
#include <cstdint>

namespace fleetcast::actors {

/// One call a turn: a comparison and a few stores, so that it may sit in the datapath. The loop's thread
/// calls `turn`; any thread may read.
class turn_meter {
public:
  /// A turn begins at `now`. `had_work`: since the last turn something waited for this one; a pause in
  /// which there was nothing to do is no gap.
  void turn(protocol::timestamp now, bool had_work) noexcept {
    const auto before = turns_.load(std::memory_order_relaxed);
    if (had_work && before != 0 && now - last_ > longest_gap())
      longest_gap_.store(now - last_, std::memory_order_relaxed);
    last_ = now;
    turns_.store(before + 1, std::memory_order_relaxed);
  }

  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

  protocol::duration longest_gap() const noexcept {
    return longest_gap_.load(std::memory_order_relaxed);
  }

private:
  protocol::timestamp last_{};
  std::atomic<protocol::duration> longest_gap_{protocol::duration{}};
  std::atomic<std::uint64_t> turns_{0};
};

} // namespace fleetcast::actors
