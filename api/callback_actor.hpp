/// The consumer of one session: runs the user's callbacks, on a thread of its own.
///
/// Detached, so that a callback that blocks stops neither the runtime nor another session. Whatever
/// becomes of it or of the session manager, SESSION_COMPLETE is called exactly once: it monitors the
/// manager and reports `internal` when that dies, and as the very last resort on its own way out.
#pragma once

#include "actors/messages/manager.hpp"

#include <tl/expected.hpp>

#include <memory>

namespace fleetcast::api {

class session_record;

/// Or the limit that refuses it a thread.
[[nodiscard]] tl::expected<actors::consumer_actor, actors::failure>
spawn_callback_actor(caf::actor_system& system, std::shared_ptr<session_record> record,
                     const actors::session_manager_actor& manager);

} // namespace fleetcast::api
