#include "actors/log.hpp"

#include <spdlog/sinks/null_sink.h>

#include <memory>

namespace fleetcast::actors {

spdlog::logger& log() {
  // Never destroyed: a program may leave main() while our threads run.
  static auto& logger
    = *new spdlog::logger{"fleetcast", std::make_shared<spdlog::sinks::null_sink_mt>()};
  return logger;
}

} // namespace fleetcast::actors
