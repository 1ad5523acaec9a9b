/// Calls of the API, as messages to the session manager.
///
/// One for each time the library is initialised. It is the one sender of both "open" and "cancel", so
/// that a cancel never overtakes the open it belongs to, whichever threads they come from.
///
/// Supervision: monitored by nobody. If it dies, StartSession reports that no session can be launched;
/// sessions that run already do not need it but for being cancelled.
#pragma once

#include "actors/messages/manager.hpp"
#include "api/api_messages.hpp"

namespace fleetcast::api {

[[nodiscard]] api_actor spawn_api_actor(caf::actor_system& system,
                                        const actors::session_manager_actor& manager);

} // namespace fleetcast::api
