#include "protocol/send/read_planner.hpp"

#include "protocol/require.hpp"

#include <algorithm>

namespace fleetcast::protocol {

read_planner::read_planner(block_cache& cache, std::size_t places) : cache_(cache) {
  REQUIRE(places > most_ahead, places, most_ahead);
  places_for_repairs_ = std::min(most_ahead, places - most_ahead);
}

std::vector<block_number> read_planner::plan(const interval_set& schedule, block_number next,
                                             const std::deque<block_number>& repairs) {
  std::vector<block_number> result;
  look_ahead(schedule, next);
  if (read_ahead(result))
    read_for_repairs(repairs, result);
  return result;
}

void read_planner::look_ahead(const interval_set& schedule, block_number next) {
  // What was chosen before may have got behind nearer blocks that somebody wanted since.
  for (const auto block : ahead_)
    cache_.unpin(block);
  ahead_.clear();
  // The rest of the run being sent and the next one; a walk that ends goes on from the beginning.
  auto block = schedule.next(next);
  if (!block)
    block = schedule.next(0);
  for (; block && ahead_.size() < most_ahead; block = schedule.next(*block + 1))
    ahead_.push_back(*block);
}

/// False: the cache is full of blocks that are more urgent.
bool read_planner::read_ahead(std::vector<block_number>& out) {
  for (const auto block : ahead_) {
    if (cache_.knows(block))
      cache_.pin(block);
    else if (cache_.reserve(block, true))
      out.push_back(block);
    else
      return false;
  }
  return true;
}

/// Only as many as fit beside those read ahead: one that waits must not displace one before it.
void read_planner::read_for_repairs(const std::deque<block_number>& repairs,
                                    std::vector<block_number>& out) {
  const auto count = std::min(places_for_repairs_, repairs.size());
  for (std::size_t i = 0; i < count; ++i) {
    // Looking it up counts as use, also while it is being read.
    if (cache_.find(repairs[i]) || cache_.knows(repairs[i]))
      continue;
    if (!cache_.reserve(repairs[i], false))
      break;
    out.push_back(repairs[i]);
  }
}

} // namespace fleetcast::protocol
