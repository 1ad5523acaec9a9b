/// Numbers for sessions.
#pragma once

#include "actors/messages/vocabulary.hpp"

namespace fleetcast::actors {

/// Another number at each call, in the whole process. Any thread.
session_id next_session_id() noexcept;

} // namespace fleetcast::actors
