/// How a server sends.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/send/rate_controller.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace fleetcast::actors {

class group_allocator;

namespace io {
class identity;
} // namespace io

/// What every transmission of a server shares.
struct send_options {
  std::shared_ptr<const io::identity> identity;
  std::shared_ptr<group_allocator> groups;

  /// 0: each transmission finds the rate that its slowest receiver's path carries.
  protocol::bit_rate fixed_rate = 0;

  /// Routers that multicast may pass, plus one. 1: it stays on its link.
  unsigned ttl = 1;

  /// Name or address of the interface to send on; empty: the one the client came by.
  std::string interface;

  /// Seals nothing and sends no digests, to clients that ask for that and to no others: for
  /// measurements.
  bool unsealed = false;

  std::uint16_t symbol_size = protocol::defaults::symbol_size;
  std::uint16_t source_symbols = protocol::defaults::source_symbols;
};

} // namespace fleetcast::actors
