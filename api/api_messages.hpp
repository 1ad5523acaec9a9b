/// What the API's calls say to the api_actor.
#pragma once

#include "actors/messages/vocabulary.hpp"

#include <future>
#include <memory>

namespace fleetcast::api {

class session_record;

/// "Run this session": spawns its consumer on a thread of its own and asks the manager for it. `launched`
/// learns why the consumer could not be spawned (none: it was), and is broken if the api_actor is dead. A promise,
/// not a reply: the asker is a thread of the program, which is to stay clear of the actor system.
struct open_session {
  std::shared_ptr<session_record> record;
  std::shared_ptr<std::promise<actors::failure>> launched;
};

using api_actor
  = caf::typed_actor<caf::reacts_to<actors::open_atom, open_session>,
                     caf::reacts_to<actors::cancel_atom, actors::session_id, actors::failure>,
                     caf::reacts_to<actors::stop_atom>,
                     caf::replies_to<actors::status_atom>::with<actors::status_snapshot>>;

} // namespace fleetcast::api

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::api::open_session)
