/// Keeps feedback from flooding an address that never asked for it.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol {

/// A server can name any address for feedback, and thousands of clients would then send there. So an address other than
/// that of the control connection gets little until the server names, over that connection, a packet that arrived.
/// Packet numbers start at random in this case, so only a server that really gets the packets can name one.
class address_proof {
public:
  /// Until then: the time between two messages, and the most entries in each list of a message. Together they allow
  /// three messages of 200 bytes a second.
  static constexpr duration pause = milliseconds(334);
  static constexpr std::size_t most_entries = 1;

  /// `is_known`: the address is that of the control connection. `first_packet`: the number of the first message; must
  /// be hard to guess if the address is not known.
  address_proof(bool is_known, std::uint64_t first_packet) noexcept
    : first_packet_(first_packet),
      is_pending_(!is_known) {}

  bool is_pending() const noexcept { return is_pending_; }

  /// When the next message may go.
  timestamp earliest(timestamp last_message) const noexcept {
    return is_pending_ ? last_message + pause : -never;
  }

  /// The server says that this packet arrived. `next_packet`: the number of the next message to be sent.
  void arrived(std::uint64_t packet, std::uint64_t next_packet) noexcept {
    if (packet >= first_packet_ && packet < next_packet)
      is_pending_ = false;
  }

private:
  std::uint64_t first_packet_;
  bool is_pending_;
};

} // namespace fleetcast::protocol
