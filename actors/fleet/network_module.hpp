/// CAF's network in an actor system, as a module that survives that the system refuses its thread.
#pragma once

#include <caf/fwd.hpp>

namespace fleetcast::actors::fleet {

/// For `config` of a system that has Fleetcast's workers: CAF's middleman without a thread for its own actor, which
/// nobody here asks for anything.
void load_network(caf::actor_system_config& config);

} // namespace fleetcast::actors::fleet
