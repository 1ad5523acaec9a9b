/// A datagram before it is sealed.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/wire/datagram.hpp"

#include <span>

namespace fleetcast::protocol {

struct outgoing_datagram {
  wire::header header;

  /// Plain payload: a symbol or a control message. Lies in what `owner` keeps alive.
  std::span<const std::byte> payload;

  const_block_buffer owner;
};

} // namespace fleetcast::protocol
