#include "apps/fleetcast/daemon/daemon.hpp"

#include "actors/observe/log.hpp"
#include "actors/trust/identity.hpp"
#include "api/error_codes.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <chrono>
#include <csignal>

#include <sys/resource.h>
#include <unistd.h>

namespace fleetcast::apps {

using protocol::failure;

void add_daemon_options(CLI::App& command, daemon_options& options) {
  command
    .add_option("--metrics", options.metrics,
                "Serve figures to Prometheus; a PORT alone is on 127.0.0.1")
    ->type_name("[ADDR:]PORT");
  command.add_flag("--no-console", options.no_console,
                   "Let nobody look into this process with `fleetcast console`");
  command.add_option("--log-level", options.log_level, "What to log on standard error")
    ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
    ->capture_default_str();
}

void set_up_log(const std::string& level) {
  auto& log = actors::log_output();
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

std::filesystem::path state_directory(const std::string& chosen) {
  return chosen.empty() ? actors::io::default_state_dir() : std::filesystem::path{chosen};
}

std::optional<actors::console_options> console_of(const daemon_options& options,
                                                  const char* program) {
  if (options.no_console && options.metrics.empty())
    return std::nullopt;
  return actors::console_options{program, FLEETCAST_VERSION,   api::name_error,
                                 {},      !options.no_console, true};
}

tl::expected<std::unique_ptr<metrics_endpoint>, protocol::failure>
expose(actors::runtime& runtime, const daemon_options& options) {
  if (const auto path = runtime.console_path(); !path)
    actors::log().warn("{}", path.error().text);
  if (options.metrics.empty())
    return nullptr;
  // Metrics are what the console knows.
  if (const auto path = runtime.console_path(); !path && !runtime.can_survey())
    return tl::unexpected{failure{path.error()}.in_context("--metrics " + options.metrics)};
  return metrics_endpoint::open(runtime, options.metrics);
}

namespace {

/// A daemon has no terminal that could hang up.
bool has_terminal() {
  return ::isatty(STDIN_FILENO) == 1 || ::isatty(STDOUT_FILENO) == 1
         || ::isatty(STDERR_FILENO) == 1;
}

} // namespace

bool wait_for_signal(signal_events& signals, const event_flag& gone, const daemon_duties& duties) {
  using woken_by = signal_events::woken_by;
  for (;;) {
    if (duties.regular)
      duties.regular();
    const auto woken = signals.wait(gone, std::chrono::seconds{10});
    actors::tell_left_out();
    if (woken == woken_by::event)
      return false;
    if (woken == woken_by::timeout)
      continue;
    if (signals.last_signal() != SIGHUP || has_terminal())
      return true;
    duties.reload();
  }
}

} // namespace fleetcast::apps
