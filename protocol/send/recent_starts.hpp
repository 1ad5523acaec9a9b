/// What was begun lately, and with which packet: tells a request that crossed its answer on the way.
///
/// A request says the highest packet number its author had seen. What was begun after that is on its way to the author.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/geometry.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace fleetcast::protocol {

/// Of blocks, or of runs of blocks by their first one. Bounded; the oldest is forgotten.
class recent_starts {
public:
  /// The sending of `block` begins with packet number `packet`.
  void add(block_number block, std::uint64_t packet) {
    if (starts_.size() >= defaults::remembered_blocks)
      starts_.pop_front();
    starts_.push_back({block, packet});
  }

  /// Whether `block` was begun after `packet`.
  bool is_after(std::uint64_t packet, block_number block) const noexcept {
    return std::any_of(starts_.begin(), starts_.end(),
                       [=](const start& s) { return s.packet > packet && s.block == block; });
  }

  /// Those of [first, end) that were begun after `packet`, in that order.
  std::vector<block_number> all_after(std::uint64_t packet, block_number first,
                                      block_number end) const {
    std::vector<block_number> result;
    for (const auto& s : starts_)
      if (s.packet > packet && s.block >= first && s.block < end)
        result.push_back(s.block);
    return result;
  }

private:
  struct start {
    block_number block = 0;
    std::uint64_t packet = 0;
  };

  std::deque<start> starts_;
};

} // namespace fleetcast::protocol
