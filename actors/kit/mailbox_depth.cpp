#include "actors/kit/mailbox_depth.hpp"

#include <caf/scheduled_actor.hpp>

namespace fleetcast::actors {

// Alone in its file for the sake of the compiler's option that goes with it: see CMakeLists.txt.
std::uint64_t mailbox_depth(caf::scheduled_actor& self) {
  return self.mailbox().size();
}

} // namespace fleetcast::actors
