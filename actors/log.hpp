/// The log of this process: silent until a program gives it a sink, since a library has no business on
/// its host's terminal.
#pragma once

#include <spdlog/logger.h>

#include <string>
#include <string_view>

namespace fleetcast::actors {

/// Thread-safe. Nothing is logged per packet. Its sinks are those of all below.
spdlog::logger& log();

/// The same log with a level of its own, which is that of log() until somebody sets it: for the actors
/// of that name. Names are constants of the code.
spdlog::logger& log(std::string_view actor);

/// Of all, or of one. False: nobody of that name has a log. Any thread.
bool set_log_level(spdlog::level::level_enum level, std::string_view actor = {});

/// "control_client, send_session, …"
std::string logging_actors();

/// Whether anything comes of logging.
bool log_has_sink();

} // namespace fleetcast::actors
