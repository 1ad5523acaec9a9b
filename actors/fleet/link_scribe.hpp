/// Hands an open link to CAF's network layer, which speaks its own protocol on it from then on, within the
/// bounds of our filter (frame_filter.hpp).
///
/// caf_openssl does the same for connections that it makes itself; docs/decisions/0010 says why ours are
/// made here.
#pragma once

#include "actors/fleet/frame_tally.hpp"
#include "actors/fleet/link_handshake.hpp"
#include "protocol/failure.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>
#include <tl/expected.hpp>

#include <chrono>
#include <memory>

namespace fleetcast::actors::fleet {

/// Without an acknowledgement for this long a link is dead: half of "the view is true again within 5 s".
/// Both ends say something every second (heartbeat_interval).
constexpr std::chrono::milliseconds link_silence{4000};

/// How the links of a process are guarded.
struct link_border {
  std::shared_ptr<frame_tally> tally = std::make_shared<frame_tally>();

  /// False: no filter, and CAF's own broker, as in versions before there was one. For tests of such peers.
  bool guarded = true;
};

/// Any thread. The system must have CAF's middleman; `own` is this end. A link goes to the broker of the
/// same border. Without random bytes for its filter it is closed instead.
[[nodiscard]] tl::expected<caf::io::scribe_ptr, protocol::failure>
make_scribe(caf::actor_system& system, open_link link, link_role own, const link_border& border);

/// The broker that speaks the actor network's protocol. Not from two threads at once.
[[nodiscard]] caf::actor network_broker(caf::actor_system& system, const link_border& border);

/// Adds CAF's middleman and the fleet's messages to a configuration.
void configure_network(caf::actor_system_config& config);

} // namespace fleetcast::actors::fleet
