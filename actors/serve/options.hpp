/// How a server sends.
#pragma once

#include "actors/io/port_range.hpp"
#include "protocol/block_shape.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/rate_policy.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace fleetcast::actors {

class banishment;
class group_allocator;
class server_budget;

namespace io {
class identity;
} // namespace io

/// How many transmissions a server sends at once; who asks for one more is told to try again later. What is running can
/// still be joined. A lab of a dozen images meets neither; each costs some threads, and memory for blocks.
struct transmission_bounds {
  std::size_t in_all = 64;

  /// Begun by requests of one address (IPv6: one /64), so that one client cannot take every place.
  std::size_t of_one_source = 16;
};

/// What every transmission of a server shares.
struct send_options {
  std::shared_ptr<const io::identity> identity;
  std::shared_ptr<group_allocator> groups;

  /// 0: each transmission finds its rate as `policy` says.
  protocol::bit_rate fixed_rate = 0;
  protocol::rate_policy policy = protocol::rate_policy::adaptive;

  /// What all transmissions may send together, whatever each of them would; null: no bound.
  std::shared_ptr<server_budget> budget;

  transmission_bounds bounds;

  /// Who was sent away from one is not accepted by another; made by the session manager.
  std::shared_ptr<banishment> banished;

  /// Routers that multicast may pass, plus one. 1: it stays on its link.
  unsigned ttl = 1;

  /// Name or address of the interface to send on; empty: the one that leads to the client.
  std::string interface;

  /// UDP ports to hear feedback on, one for each transmission.
  io::port_range feedback_ports;

  /// Seals nothing and sends no digests, to clients that ask for that and to no others: for
  /// measurements.
  bool unsealed = false;

  /// Bytes of the largest IP packets that the network takes everywhere; 0: of usual ones. The interface may
  /// take less still.
  std::size_t mtu = 0;

  /// Where digests of blocks are kept beyond the end of a transmission (digest_cache.hpp); empty: nowhere.
  std::filesystem::path digests;

  /// How blocks are cut, whatever the network takes: for tests.
  std::optional<protocol::block_shape> shape;
};

} // namespace fleetcast::actors
