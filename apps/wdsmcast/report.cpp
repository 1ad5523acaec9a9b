#include "apps/wdsmcast/report.hpp"

#include "apps/common/say.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

namespace fleetcast::apps {

namespace {

using std::chrono::milliseconds;

/// How often a bar on a terminal is redrawn: often enough to look alive.
constexpr milliseconds bar_interval{200};

/// How often a line is written elsewhere: no log fills up.
constexpr milliseconds line_interval{1000};

} // namespace

wdsmcast_report::wdsmcast_report(bool progress, bool verbose, std::optional<trace_file> trace)
  : progress_(progress),
    verbose_(verbose),
    trace_(std::move(trace)),
    bar_(stdout),
    on_terminal_(bar_.possible()) {}

milliseconds wdsmcast_report::interval() const {
  return progress_ && on_terminal_ ? bar_interval : line_interval;
}

void wdsmcast_report::detail(const std::string& line) {
  const std::lock_guard guard{mutex_};
  trace(line);
  if (!verbose_)
    return;
  bar_.clear();
  say(stdout, "{}\n", line);
}

void wdsmcast_report::note(const std::string& line) {
  const std::lock_guard guard{mutex_};
  trace(line);
  bar_.clear();
  say(stderr, "wdsmcast: {}\n", line);
}

void wdsmcast_report::waiting(double seconds) {
  const std::lock_guard guard{mutex_};
  const auto line = format_waiting(seconds);
  trace(line);
  if (progress_ && on_terminal_)
    bar_.draw(line);
  else if (progress_ || verbose_)
    say(stdout, "{}\n", line);
}

void wdsmcast_report::progress(const transfer_figures& figures) {
  const std::lock_guard guard{mutex_};
  auto now = std::chrono::steady_clock::now();
  if (now >= next_trace_) {
    next_trace_ = now + line_interval;
    trace(format_line(figures));
  }
  if (!progress_)
    return;
  if (on_terminal_) {
    bar_.draw(format_bar(figures, bar_.columns()));
  } else {
    say(stdout, "{}\n", format_line(figures));
  }
}

void wdsmcast_report::success(const std::string& line) {
  const std::lock_guard guard{mutex_};
  trace(line);
  bar_.clear();
  say(stdout, "{}\n", line);
  warn_of_trace();
}

void wdsmcast_report::failure(DWORD error, const std::string& text) {
  const std::lock_guard guard{mutex_};
  auto code = fmt::format("Error {} (0x{:08X}), {}", error, error, FleetcastErrorText(error));
  trace(text);
  trace(code);
  bar_.clear();
  say(stderr, "wdsmcast: {}\n{}\n", text, code);
  warn_of_trace();
}

void wdsmcast_report::trace(const std::string& line) {
  if (trace_)
    trace_->write(line);
}

void wdsmcast_report::warn_of_trace() {
  if (trace_ && trace_->incomplete())
    say(stderr, "wdsmcast: the trace is not complete: its file could not be written\n");
}

} // namespace fleetcast::apps
