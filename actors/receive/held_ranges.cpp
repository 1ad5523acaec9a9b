#include "actors/receive/held_ranges.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace fleetcast::actors {

namespace {

std::uint64_t end_of(const byte_range& range) noexcept {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return range.size > most - range.first ? most : range.first + range.size;
}

/// In ascending order, joined where they touch or overlap.
std::vector<byte_range> joined(std::vector<byte_range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const byte_range& a, const byte_range& b) { return a.first < b.first; });
  std::vector<byte_range> result;
  for (const auto& range : ranges) {
    if (result.empty() || end_of(result.back()) < range.first)
      result.push_back(range);
    else
      result.back().size = std::max(end_of(result.back()), end_of(range)) - result.back().first;
  }
  return result;
}

} // namespace

std::vector<protocol::wire::block_range> blocks_within(std::vector<byte_range> held,
                                                       const protocol::geometry& layout) {
  std::vector<protocol::wire::block_range> result;
  const std::uint64_t block = layout.block_size();
  for (const auto& range : joined(std::move(held))) {
    if (range.first >= layout.object_size())
      continue;
    const auto first = range.first / block + (range.first % block != 0 ? 1 : 0);
    const auto end
      = end_of(range) >= layout.object_size() ? layout.block_count() : end_of(range) / block;
    if (first < end)
      result.push_back(
        {static_cast<protocol::block_number>(first), static_cast<std::uint32_t>(end - first)});
  }
  return result;
}

} // namespace fleetcast::actors
