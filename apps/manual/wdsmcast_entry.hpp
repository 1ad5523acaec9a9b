#pragma once

#include "apps/manual/command_entry.hpp"

namespace fleetcast::apps::manual {

/// wdsmcast's table of options; their names with "/" before and, where a value follows, with a colon behind.
[[nodiscard]] command_entry wdsmcast_entry();

} // namespace fleetcast::apps::manual
