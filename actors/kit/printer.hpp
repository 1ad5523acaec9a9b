/// What CAF itself has to say: of an actor that threw, of a message that nobody expected.
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace fleetcast::actors {

/// The actor behind `caf::aout`, as part of an actor system's scheduler: each line goes to log(), as an error. CAF's
/// own one writes to standard output, which belongs to the program that embeds us, and takes a thread for that.
/// Hidden: nobody waits for it. An exit message ends it, after what came before.
[[nodiscard]] caf::actor spawn_printer(caf::actor_system& system);

} // namespace fleetcast::actors
