#include "actors/log.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/sink.h>

#include <array>
#include <memory>

namespace fleetcast::actors {

namespace {

/// Hands on to whatever sinks the one log has.
class shared_sinks final : public spdlog::sinks::sink {
public:
  void log(const spdlog::details::log_msg& message) override {
    for (const auto& one : actors::log().sinks())
      if (one->should_log(message.level))
        one->log(message);
    if (message.level >= actors::log().flush_level())
      flush();
  }
  void flush() override {
    for (const auto& one : actors::log().sinks())
      one->flush();
  }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

struct named_log {
  std::string_view actor;
  spdlog::logger logger;
};

/// Never destroyed, as log() below.
std::array<named_log, 5>& named_logs() {
  static auto& all = *[] {
    const auto make = [](std::string_view actor) {
      return named_log{actor, {std::string{actor}, std::make_shared<shared_sinks>()}};
    };
    auto* result = new std::array{make("callbacks"), make("control_client"), make("control_server"),
                                  make("send_session"), make("session_manager")};
    for (auto& one : *result)
      one.logger.set_level(log().level());
    return result;
  }();
  return all;
}

} // namespace

spdlog::logger& log() {
  // Never destroyed: a program may leave main() while our threads run.
  static auto& logger
    = *new spdlog::logger{"fleetcast", std::make_shared<spdlog::sinks::null_sink_mt>()};
  return logger;
}

spdlog::logger& log(std::string_view actor) {
  for (auto& one : named_logs())
    if (one.actor == actor)
      return one.logger;
  return log();
}

bool set_log_level(spdlog::level::level_enum level, std::string_view actor) {
  auto found = actor.empty();
  if (found)
    log().set_level(level);
  for (auto& one : named_logs()) {
    if (!actor.empty() && one.actor != actor)
      continue;
    one.logger.set_level(level);
    found = true;
  }
  return found;
}

std::string logging_actors() {
  std::string result;
  for (const auto& one : named_logs())
    result += (result.empty() ? "" : ", ") + std::string{one.actor};
  return result;
}

bool log_has_sink() {
  const auto& sinks = log().sinks();
  return !sinks.empty()
         && dynamic_cast<spdlog::sinks::null_sink_mt*>(sinks.front().get()) == nullptr;
}

} // namespace fleetcast::actors
