/// A fair share of repairs for each receiver.
///
/// What a request adds to what is owed counts for its author: a receiver that asks for what others asked for too, or for
/// what is on its way, adds little. Repairs make up for losses: a receiver that was sent far more than it says it lost, and
/// far more than most, asks for more than it can need. From then on it has a ration: its further requests wait here, and
/// one is let through as source datagrams earn it, or when there is nothing else to send. A receiver on a bad path never
/// gets there; one that only claims such a path is served, and judged (group_liveness.hpp), like one that has it.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/send/rate_controller.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace fleetcast::protocol {

class repair_ration {
public:
  struct request {
    receiver_id from = 0;
    block_number block = 0;
    std::uint16_t symbols = 0;
    std::uint64_t highest_packet = 0; ///< that its author had seen
  };

  void add(receiver_id id);
  void remove(receiver_id id);

  /// Whether its requests have to wait.
  bool exceeded(receiver_id id) const;

  /// What it asks for is no more than what it lost can make it lack: it tells something of the group's losses.
  bool founded(receiver_id id) const;

  /// It says that it lost so many datagrams since it joined.
  void on_report(receiver_id id, std::uint64_t lost);

  /// A request of it added so many symbols.
  void charge(receiver_id id, std::uint64_t symbols);

  /// The request waits; it replaces an earlier one for the same block, or the oldest of too many.
  void defer(const request& what);

  /// A source datagram was sent.
  void on_source() noexcept { ++source_; }

  bool waiting() const noexcept { return waiting_ > 0; }

  /// The next request whose turn it is: of those that earned it or, with nothing else to send, of all in turn. What it adds
  /// is to be charged as ever.
  std::optional<request> next(bool nothing_else);

  [[nodiscard]] bool validate() const;

private:
  struct member {
    std::uint64_t taken = 0;       ///< symbols that its requests added
    std::uint64_t lost = 0;        ///< datagrams, by its own count
    double credit = 0;             ///< of its ration
    std::uint64_t credited_at = 0; ///< source datagrams by then
    std::deque<request> deferred;
  };

  bool is_beyond(receiver_id id, std::uint64_t slack) const;
  void look_at_most();
  void earn(member& m) const noexcept;

  std::map<receiver_id, member> members_;
  receiver_id last_served_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t source_ = 0;
  std::uint64_t charged_ = 0; ///< since the last look at what most have had
  std::uint64_t most_have_had_ = 0;
};

} // namespace fleetcast::protocol
