/// `wdsmcast /Transfer-File`: receives one object into a file.
#pragma once

#include "apps/wdsmcast/command_line.hpp"

namespace fleetcast::apps {

/// Gives the program's exit code: 0 or 1.
[[nodiscard]] int transfer_file(const wdsmcast_arguments& arguments);

} // namespace fleetcast::apps
