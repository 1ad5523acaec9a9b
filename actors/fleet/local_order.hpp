/// Orders that an actor takes from its own process only, whatever its type lets others send.
#pragma once

#include <caf/local_actor.hpp>

namespace fleetcast::actors::fleet {

/// Whether the message that `self` handles now comes from this process. A message without a sender could be
/// anybody's.
inline bool is_local_order(caf::local_actor& self) {
  const auto& from = self.current_sender();
  return from && from->node() == self.node();
}

} // namespace fleetcast::actors::fleet
