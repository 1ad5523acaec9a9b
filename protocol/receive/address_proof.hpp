/// Whether feedback goes to somebody who wants it.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol {

/// A server may name any address for feedback, and thousands of clients would send there. So to an address that is not
/// the one of the control connection little goes until the server says over that connection which packet arrived.
/// Packet numbers begin at random there: whoever does not get the packets cannot name one.
class address_proof {
public:
  /// What may go to an address before: so many messages a second, and of each list so many entries, which makes 200
  /// bytes at most.
  static constexpr duration pause = milliseconds(334);
  static constexpr std::size_t most_repairs = 2;
  static constexpr std::size_t most_ranges = 1;

  /// `first_packet`: the number of the first message; hard to guess if the address is not known.
  address_proof(bool is_known, std::uint64_t first_packet) noexcept
    : first_packet_(first_packet),
      is_pending_(!is_known) {}

  bool is_pending() const noexcept { return is_pending_; }

  /// When the next message may go.
  timestamp earliest(timestamp last_message) const noexcept {
    return is_pending_ ? last_message + pause : -never;
  }

  /// The server says that this packet arrived; `next_packet`: the number of the next one that will be sent.
  void arrived(std::uint64_t packet, std::uint64_t next_packet) noexcept {
    if (packet >= first_packet_ && packet < next_packet)
      is_pending_ = false;
  }

private:
  std::uint64_t first_packet_;
  bool is_pending_;
};

} // namespace fleetcast::protocol
