/// A place in the sender's way over the object.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"

#include <compare>
#include <cstdint>

namespace fleetcast::protocol {

/// The sender walks over the object in passes: the first serves every block, each later one those
/// blocks that somebody still lacks. Positions are ordered by pass, then block.
struct position {
  std::uint32_t pass = 0;
  block_number block = 0;

  friend auto operator<=>(const position&, const position&) = default;
};

/// Beyond every position a sender reaches: "no limit".
constexpr position unlimited{UINT32_MAX, UINT32_MAX};

/// Where a walk that is at `at` comes to `block`: in this pass if it lies ahead, else in the next.
constexpr position next_visit(position at, block_number block) noexcept {
  return {block >= at.block ? at.pass : at.pass + 1, block};
}

/// Where a walk over `blocks` that starts at `from` meets its `n`-th block (counting from 0), going on
/// in the next pass with the blocks before `from`. `unlimited` when there are not that many.
inline position nth_on_the_way(const interval_set& blocks, position from, std::uint64_t n) {
  if (const auto ahead = blocks.nth(from.block, n))
    return {from.pass, *ahead};
  const auto behind = blocks.count_below(from.block);
  const auto rest = n - (blocks.size() - behind);
  if (rest >= behind)
    return unlimited;
  return {from.pass + 1, *blocks.nth(0, rest)};
}

} // namespace fleetcast::protocol
