/// Which repair symbols are owed to the group, merged over all requests.
///
/// A request says how many symbols a block lacks at one receiver. Any symbol that a receiver does not
/// hold serves it, so what is owed is the greatest request, not the sum.
///
/// Linger without a timer: a request also says the highest packet number its author had received.
/// Symbols that were sent for the block after that number are on their way to the author; they are
/// deducted. So a hundred receivers that lost the same packet cost one repair symbol, and a request that
/// crossed its answer on the way costs none.
///
/// Which symbols: fresh repair symbols first (k, k + 1, …), then all symbols from 0 on again, in a
/// cycle: any symbol is as good as any other to a receiver that lacks it.
#pragma once

#include "protocol/fec.hpp"
#include "protocol/geometry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace fleetcast::protocol {

class repair_schedule {
public:
  enum class outcome : std::uint8_t {
    added,   ///< more is owed than before
    covered, ///< enough is queued or on its way
    refused, ///< too many blocks wait
  };

  explicit repair_schedule(const geometry& layout) : layout_(layout) {}

  /// A receiver lacks `symbols` symbols of `block` and has seen packets up to `highest_packet`.
  outcome request(block_number block, std::uint16_t symbols, std::uint64_t highest_packet);

  bool empty() const noexcept { return queue_.empty(); }

  /// Blocks with symbols owed, oldest request first.
  const std::deque<block_number>& blocks() const noexcept { return queue_; }

  /// Symbols owed for a block.
  std::uint16_t owed(block_number block) const;

  /// Symbols `first … first + count - 1` of a block, all source or all repair symbols.
  struct burst {
    symbol_id first = 0;
    std::uint16_t count = 0;
  };

  /// The next symbols to send for `block`, at most `max`; they count as sent from packet number
  /// `next_packet` on. Requires owed(block) > 0 and max > 0.
  burst take(block_number block, std::uint16_t max, std::uint64_t next_packet);

  [[nodiscard]] bool validate() const;

private:
  /// Symbols sent for a block in one go.
  struct sent_burst {
    std::uint64_t first_packet = 0;
    std::uint16_t count = 0;
  };

  struct entry {
    std::uint16_t owed = 0;
    std::array<sent_burst, 4> sent{}; ///< latest first
  };

  static std::uint16_t sent_after(const entry& e, std::uint64_t packet) noexcept;
  void remember(block_number block);

  geometry layout_;
  std::unordered_map<block_number, entry> entries_;
  std::deque<block_number> queue_;

  /// Blocks in `entries_`, oldest first: bounds how long sent bursts are remembered.
  std::deque<block_number> remembered_;

  /// Next symbol of each block; empty until the first repair. 0: the first repair symbol.
  std::vector<std::uint8_t> cursors_;
};

} // namespace fleetcast::protocol
