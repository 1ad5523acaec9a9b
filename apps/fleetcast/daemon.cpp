#include "apps/fleetcast/daemon.hpp"

#include "actors/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include <sys/resource.h>

namespace fleetcast::apps {

void set_up_log(const std::string& level) {
  auto& log = actors::log();
  log.sinks() = {std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
  log.set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %v");
  actors::set_log_level(spdlog::level::from_str(level));
  log.flush_on(spdlog::level::info);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace fleetcast::apps
