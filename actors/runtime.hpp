/// The machinery below every session of a process: actor system, I/O thread, session manager.
#pragma once

#include "actors/console/console.hpp"
#include "actors/messages/manager.hpp"
#include "actors/serve/serving_half.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace fleetcast::actors {

namespace io {
class io_thread;
} // namespace io

struct runtime_options {
  /// CAF worker threads.
  std::size_t worker_threads = 2;

  /// For what else an actor system is to have, such as its network; may be empty.
  std::function<void(caf::actor_system_config&)> configure;

  /// What makes this process a server: `serving(options)`; may be empty.
  serving_half_factory serving;

  /// Who wants to be looked into while it runs.
  std::optional<console_options> console;
};

/// Owns every thread that Fleetcast starts, except those of actors that have one of their own, which end with
/// them. Destruction stops the session manager (cancelling what still runs), waits for all
/// actors, then ends the I/O thread: no thread survives it. So it takes as long as a name lookup under way,
/// which nothing can interrupt. Not to be destroyed on one of its own threads.
class runtime {
public:
  /// Or which limit refuses it a thread; none of its threads is left then.
  [[nodiscard]] static tl::expected<std::unique_ptr<runtime>, failure>
  start(const runtime_options& options = {});

  /// The same; throws io::thread_refused.
  explicit runtime(const runtime_options& options = {});
  ~runtime();

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  caf::actor_system& system();
  io::io_thread& io();
  const steered_session_manager_actor& manager() const;

  /// The console's socket, or why there is none; empty: none was wanted.
  tl::expected<std::filesystem::path, failure> console_path() const;

  /// Whether somebody answers `survey`: a console was wanted, and its thread was to be had.
  bool can_survey() const noexcept;

  /// Shows one more actor in the console, beside the manager and what is below it.
  void show(const caf::actor& other);

  /// Everything the console knows, handed to `reply` on a thread of its own within a second or so; never
  /// called unless `can_survey`.
  void survey(std::function<void(std::shared_ptr<const console_survey>)> reply);

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace fleetcast::actors
