/// Which blocks a sender reads next: those that it is about to send, then those that repairs wait for.
///
/// It reads two runs (manifest_schedule.hpp) ahead of the walk. Those blocks are pinned in the cache until the next plan:
/// nothing displaces them before they are sent, unless somebody wants blocks that the walk comes to sooner. Repairs have
/// the places that are left.
///
/// Pure: the caller reads, and puts what comes back into the cache.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/send/block_cache.hpp"

#include <cstddef>
#include <deque>
#include <vector>

namespace fleetcast::protocol {

class read_planner {
public:
  /// Blocks read ahead: two runs, the one being sent and the next one.
  static constexpr std::size_t most_ahead = 2 * defaults::manifest_run;

  /// `cache`, which holds up to `places` blocks, must outlive this. Requires more places than it reads ahead: repairs
  /// need at least one.
  read_planner(block_cache& cache, std::size_t places);

  read_planner(const read_planner&) = delete;
  read_planner& operator=(const read_planner&) = delete;

  /// Blocks to read now, most urgent first. Each has a place in the cache from now on, and is not named again while it has.
  /// `schedule`: blocks to be sent whole, by a walk that is at `next`. `repairs`: blocks with symbols owed, oldest request
  /// first.
  [[nodiscard]] std::vector<block_number> plan(const interval_set& schedule, block_number next,
                                               const std::deque<block_number>& repairs);

private:
  void look_ahead(const interval_set& schedule, block_number next);
  bool read_ahead(std::vector<block_number>& out);
  void read_for_repairs(const std::deque<block_number>& repairs, std::vector<block_number>& out);

  block_cache& cache_;
  std::size_t places_for_repairs_ = 0;

  /// The next blocks on the way; those in the cache are pinned.
  std::vector<block_number> ahead_;
};

} // namespace fleetcast::protocol
