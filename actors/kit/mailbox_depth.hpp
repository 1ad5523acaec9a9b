/// How many messages wait for an actor, by its own count.
#pragma once

#include <caf/fwd.hpp>

#include <cstdint>

namespace fleetcast::actors {

/// To be called by the actor itself, on whose thread it counts what has arrived so far. The message
/// that it is working on no longer waits.
std::uint64_t mailbox_depth(caf::scheduled_actor& self);

} // namespace fleetcast::actors
