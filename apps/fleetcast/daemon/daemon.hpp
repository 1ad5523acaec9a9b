/// What the commands that run until a signal ends them have in common.
#pragma once

#include "actors/runtime.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/fleetcast/daemon/metrics_endpoint.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

struct daemon_options {
  std::string metrics; ///< where; empty: nowhere
  std::string log_level = "info";
  bool no_console = false;
};

/// --metrics, --no-console and --log-level.
void add_daemon_options(CLI::App& command, daemon_options& options);

/// Log on standard error, from this level on: debug, info, warning, error, off.
void set_up_log(const std::string& level);

/// Takes all the descriptors this process may have: peers are connections.
void raise_descriptor_limit();

/// `chosen`, or where this user's state is kept when that is empty.
std::filesystem::path state_directory(const std::string& chosen);

/// The console that `options` ask for; metrics take one, too, without a socket.
std::optional<actors::console_options> console_of(const daemon_options& options,
                                                  const char* program);

/// Metrics as `options` ask for them; null: they do not. Tells the log why there is no console if there
/// was to be one.
[[nodiscard]] tl::expected<std::unique_ptr<metrics_endpoint>, protocol::failure>
expose(actors::runtime& runtime, const daemon_options& options);

/// What a command does while it waits for a signal, on the thread that waits.
struct daemon_duties {
  /// What `systemctl status` shows while all is well.
  std::string status;

  /// SIGHUP: reads again what can be read again, and tells the log what was, and what takes a restart. Gives what could
  /// not be read.
  std::function<protocol::failure()> reload;

  /// Every ten seconds or sooner. Null: nothing.
  std::function<void()> regular = nullptr;

  /// Asked as often, when a watchdog wants to know: whether the actor that the command lives for answers. Null: it does.
  std::function<bool()> is_alive = nullptr;
};

/// Whether `who` answers in that time.
[[nodiscard]] bool answers(actors::runtime& runtime, const caf::actor& who,
                           std::chrono::milliseconds patience = std::chrono::seconds{5});

/// Waits until a signal ends the command (true), or until `gone` is set: what the command lives for has died. SIGHUP
/// ends a command on a terminal; else it is one to reload. Tells systemd of reloads, and its watchdog that all is well.
[[nodiscard]] bool wait_for_signal(signal_events& signals, const event_flag& gone,
                                   const daemon_duties& duties);

} // namespace fleetcast::apps
