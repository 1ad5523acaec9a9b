/// What a transmission does with a fetch, a receiver's request for parts of a block over its own connection: it answers at
/// once, has the block read first, waits for a read that is under way, or refuses. Pure: knows no clock, reads and sends
/// nothing.
///
/// Each receiver has its allowance (fetch_allowance.hpp). What waits is bounded for all of them together.
#pragma once

#include "actors/serve/fetch_allowance.hpp"
#include "protocol/block_buffer.hpp"
#include "protocol/geometry.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace fleetcast::actors {

class fetch_desk {
public:
  /// Fetches that may wait for a block to be read, of all receivers together.
  static constexpr std::size_t most_waiting = 64;

  enum class verdict : std::uint8_t {
    answer, ///< at once
    read,   ///< the block; the fetch waits for it
    wait,   ///< the block was ordered already
    refuse, ///< the receiver has had its share, or too many wait
  };

  struct decision {
    verdict what = verdict::refuse;
    protocol::const_block_buffer block; ///< to answer from; null: the answer needs none
  };

  /// A block that is in memory, else null. Called only for a block that an answer needs.
  using block_finder = std::function<protocol::const_block_buffer(protocol::block_number)>;

  /// `from` asks for parts of a block of the object. A block is ordered once, however many wait for it.
  [[nodiscard]] decision decide(protocol::timestamp now, protocol::receiver_id from,
                                const protocol::wire::fetch& asked, const block_finder& in_memory);

  struct waiting_fetch {
    protocol::receiver_id from = 0; ///< may be gone
    protocol::wire::fetch asked;
  };

  /// Block `number` was read: what waited for it, in the order in which it came. Waits no more.
  [[nodiscard]] std::vector<waiting_fetch> take(protocol::block_number number);

  /// The receiver is gone. What it waits for is being read all the same, and counts until it is here.
  void forget(protocol::receiver_id id) { allowances_.erase(id); }

private:
  std::map<protocol::receiver_id, fetch_allowance> allowances_; ///< of those that have fetched
  std::vector<waiting_fetch> waiting_;
};

} // namespace fleetcast::actors
