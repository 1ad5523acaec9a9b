/// Calls of the API, as messages to the session manager.
///
/// One for each time the library is initialised. It is the one sender of both "open" and "cancel", so
/// that a cancel never overtakes the open it belongs to, whichever threads they come from.
///
/// Supervision: monitored by nobody. If it dies, StartSession reports that no session can be launched;
/// sessions that run already do not need it but for being cancelled.
#pragma once

#include "api/api_port.hpp"

#include <memory>

namespace fleetcast::api {

class engine;

/// Spawns it among the actors of `world`, and shows it to the console there.
[[nodiscard]] std::shared_ptr<api_port> spawn_api_actor(engine& world);

} // namespace fleetcast::api
