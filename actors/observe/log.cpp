#include "actors/observe/log.hpp"

#include "actors/observe/log_limit.hpp"
#include "protocol/text.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/sink.h>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>

namespace fleetcast::actors {

namespace {

/// Hands on to whatever sinks the one log has.
class shared_sinks final : public spdlog::sinks::sink {
public:
  void log(const spdlog::details::log_msg& message) override {
    for (const auto& one : log_output().sinks())
      if (one->should_log(message.level))
        one->log(message);
    if (message.level >= log_output().flush_level())
      flush();
  }
  void flush() override {
    for (const auto& one : log_output().sinks())
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
      one.logger.set_level(log_output().level());
    return result;
  }();
  return all;
}

/// What is written, and what only counted; never destroyed.
struct limited_kinds {
  std::mutex mutex;
  log_limit limit;
};

limited_kinds& kinds() {
  static auto& all = *new limited_kinds;
  return all;
}

log_limit::time now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

void tell(const std::vector<log_limit::left_out>& counts) {
  for (const auto& one : counts)
    log_output().warn("... {} more lines of this kind in the last {:.0f} s: {}", one.lines,
                      std::chrono::duration<double>(one.span).count(), one.kind);
}

/// Tells what is due, too.
bool is_admitted(std::string_view kind) {
  auto& all = kinds();
  std::unique_lock guard{all.mutex};
  const auto result = all.limit.admit(kind, now());
  const auto due = all.limit.take_due(now());
  guard.unlock();
  tell(due);
  return result;
}

} // namespace

void log_voice::say(spdlog::level::level_enum level, fmt::string_view format,
                    fmt::format_args args) const {
  if (!to_->should_log(level))
    return;
  try {
    if (is_admitted({format.data(), format.size()}))
      to_->log(level, "{}", protocol::outside_text(fmt::vformat(format, args), max_line));
  } catch (const std::exception&) {
    // Without memory there is no line, and nobody to tell.
  }
}

void tell_left_out(bool all) {
  auto& each = kinds();
  std::unique_lock guard{each.mutex};
  const auto due = all ? each.limit.take_all(now()) : each.limit.take_due(now());
  guard.unlock();
  tell(due);
}

spdlog::logger& log_output() {
  // Never destroyed: a program may leave main() while our threads run.
  static auto& logger
    = *new spdlog::logger{"fleetcast", std::make_shared<spdlog::sinks::null_sink_mt>()};
  return logger;
}

log_voice log() {
  return log_voice{log_output()};
}

log_voice log(std::string_view actor) {
  for (auto& one : named_logs())
    if (one.actor == actor)
      return log_voice{one.logger};
  return log();
}

bool set_log_level(spdlog::level::level_enum level, std::string_view actor) {
  auto found = actor.empty();
  if (found)
    log_output().set_level(level);
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
  const auto& sinks = log_output().sinks();
  return !sinks.empty()
         && dynamic_cast<spdlog::sinks::null_sink_mt*>(sinks.front().get()) == nullptr;
}

} // namespace fleetcast::actors
