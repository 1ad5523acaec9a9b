/// The log of this process: silent until a program gives it a sink, since a library has no business on
/// its host's terminal.
#pragma once

#include <spdlog/logger.h>

namespace fleetcast::actors {

/// Thread-safe. Nothing is logged per packet.
spdlog::logger& log();

} // namespace fleetcast::actors
