#include "apps/fleetcast/daemon/daemon.hpp"

#include "actors/observe/log.hpp"
#include "actors/trust/identity.hpp"
#include "api/error_codes.hpp"
#include "apps/fleetcast/daemon/service_manager.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
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

/// How long nobody looks after the duties. A watchdog is told twice before it loses patience.
std::chrono::milliseconds between_duties() {
  constexpr std::chrono::milliseconds usual = std::chrono::seconds{10};
  const auto watchdog = watchdog_interval();
  if (watchdog.count() == 0)
    return usual;
  return std::min(usual, std::chrono::duration_cast<std::chrono::milliseconds>(watchdog / 2));
}

void do_duties(const daemon_duties& duties) {
  if (duties.regular)
    duties.regular();
  if (watchdog_interval().count() == 0)
    return;
  if (!duties.is_alive || duties.is_alive())
    tell_alive();
  else
    actors::log().error("no answer from within this process; its watchdog hears nothing now");
}

} // namespace

bool answers(actors::runtime& runtime, const caf::actor& who, std::chrono::milliseconds patience) {
  caf::scoped_actor self{runtime.system()};
  bool result = false;
  self->request(who, patience, actors::status_atom::value)
    .receive([&](const actors::status_snapshot&) { result = true; }, [](const caf::error&) {});
  return result;
}

bool wait_for_signal(signal_events& signals, const event_flag& gone, const daemon_duties& duties) {
  using woken_by = signal_events::woken_by;
  const auto pause = between_duties();
  for (;;) {
    do_duties(duties);
    const auto woken = signals.wait(gone, pause);
    actors::tell_left_out();
    if (woken == woken_by::event)
      return false;
    if (woken == woken_by::timeout)
      continue;
    if (signals.last_signal() != SIGHUP || has_terminal())
      return true;
    tell_reloading();
    const auto failed = duties.reload();
    tell_reloaded(failed ? "The last reload failed: " + failed.text : duties.status);
  }
}

} // namespace fleetcast::apps
