/// What the log gets while one of these lives: warnings and worse.
#pragma once

#include "actors/observe/log.hpp"

#include <spdlog/sinks/ringbuffer_sink.h>

#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::testing {

class logged_lines {
public:
  logged_lines() {
    ring_->set_pattern("%v");
    log().sinks() = {ring_};
    set_log_level(spdlog::level::warn);
  }

  ~logged_lines() {
    set_log_level(spdlog::level::off);
    log().sinks().clear();
  }

  logged_lines(const logged_lines&) = delete;
  logged_lines& operator=(const logged_lines&) = delete;

  std::vector<std::string> all() const { return ring_->last_formatted(); }

private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> ring_
    = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(64);
};

} // namespace fleetcast::actors::testing
