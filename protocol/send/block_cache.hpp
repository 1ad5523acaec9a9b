/// The sender's blocks in memory: those read ahead and those that repairs may still ask for.
///
/// Each block is absent, pending (asked for, a place reserved) or loaded. Pinned blocks are about to
/// be sent and are not displaced; of the others the least recently used one goes.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/geometry.hpp"
#include "protocol/require.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace fleetcast::protocol {

class block_cache {
public:
  explicit block_cache(std::size_t capacity) : capacity_(capacity) { REQUIRE(capacity > 0); }

  /// The block's bytes, or null; counts as use.
  [[nodiscard]] const_block_buffer find(block_number block);

  /// Whether `find` would return bytes; does not count as use.
  bool holds(block_number block) const;

  bool knows(block_number block) const { return entries_.contains(block); }

  /// Makes room for a block that the caller will read. False when every place is pending or pinned.
  /// Requires !knows(block).
  [[nodiscard]] bool reserve(block_number block, bool pinned);

  /// A read came back. Ignored when the block is not pending.
  void put(block_number block, const_block_buffer bytes);

  void pin(block_number block) { set_pinned(block, true); }
  void unpin(block_number block) { set_pinned(block, false); }

  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t pending() const noexcept { return pending_; }

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const;

private:
  struct entry {
    const_block_buffer bytes; ///< null: pending
    bool pinned = false;
    std::list<block_number>::iterator use;
  };

  bool make_room();
  void set_pinned(block_number block, bool pinned);

  std::size_t capacity_;
  std::size_t pending_ = 0;
  std::unordered_map<block_number, entry> entries_;

  /// Most recently used first.
  std::list<block_number> uses_;
};

} // namespace fleetcast::protocol
