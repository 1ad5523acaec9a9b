/// The log of this process: silent until a program gives it a sink, since a library has no business on
/// its host's terminal.
#pragma once

#include <fmt/core.h>
#include <spdlog/logger.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

/// What an actor says into the log. Thread-safe. Nothing is logged per packet, and what strangers make it say is bounded
/// by two rules that hold for every line: one of `max_line` bytes at most and of plain characters only
/// (protocol/text.hpp), and no more of one kind than log_limit lets through. A kind is a format: one sentence of the code.
/// Names and paths from outside go in through protocol::outside_text, so that the rest of the line is seen, too.
class log_voice {
public:
  static constexpr std::size_t max_line = 2000;

  explicit log_voice(spdlog::logger& to) noexcept : to_(&to) {}

  template <class... Args>
  void log(spdlog::level::level_enum level, fmt::format_string<Args...> format,
           Args&&... args) const {
    say(level, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    say(spdlog::level::debug, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    say(spdlog::level::info, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    say(spdlog::level::warn, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    say(spdlog::level::err, format, fmt::make_format_args(args...));
  }

  /// Where lines go.
  std::vector<spdlog::sink_ptr>& sinks() const noexcept { return to_->sinks(); }

private:
  void say(spdlog::level::level_enum level, fmt::string_view format, fmt::format_args args) const;

  spdlog::logger* to_;
};

/// Its sinks are those of all below.
log_voice log();

/// The same log with a level of its own, which is that of log() until somebody sets it: for the actors
/// of that name. Names are constants of the code.
log_voice log(std::string_view actor);

/// What log() speaks into: for whoever gives it sinks, a pattern and a level.
spdlog::logger& log_output();

/// Says how many lines were left out: of kinds that have been for a while, or `all`. Lines themselves do so when they
/// come; to be called now and then by programs that may have nothing to say for long, and at their end.
void tell_left_out(bool all = false);

/// Of all, or of one. False: nobody of that name has a log. Any thread.
bool set_log_level(spdlog::level::level_enum level, std::string_view actor = {});

/// "control_client, send_session, …"
std::string logging_actors();

/// Whether anything comes of logging.
bool log_has_sink();

} // namespace fleetcast::actors
