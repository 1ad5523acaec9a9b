/// Hands an open link to CAF's network layer, which speaks its own protocol on it from then on.
///
/// caf_openssl does the same for connections that it makes itself; docs/decisions/0010 says why ours are
/// made here.
#pragma once

#include "actors/fleet/link_handshake.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>

#include <chrono>

namespace fleetcast::actors::fleet {

/// Without an acknowledgement for this long a link is dead: half of "the view is true again within 5 s".
/// Both ends say something every second (heartbeat_interval).
constexpr std::chrono::milliseconds link_silence{4000};

/// Any thread. The system must have CAF's middleman.
[[nodiscard]] caf::io::scribe_ptr make_scribe(caf::actor_system& system, open_link link);

/// The broker that speaks the actor network's protocol. Not from two threads at once.
[[nodiscard]] caf::actor network_broker(caf::actor_system& system);

/// Adds CAF's middleman and the fleet's messages to a configuration.
void configure_network(caf::actor_system_config& config);

} // namespace fleetcast::actors::fleet
