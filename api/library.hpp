/// What the process has of the library: down, or up with an engine, its sessions and its buffers.
///
///     down ──initialize──> starting ──> up ──last shutdown──> stopping ──> ending ──> down
///                                             (callbacks still run)
///
/// Calls are let in while up or stopping. Threads start and end in `starting` and `ending`, with no lock held:
/// a call from elsewhere is turned away then, not kept waiting for them.
///
/// Made on first use and never destroyed: a program may leave main() while callbacks run. A child of
/// fork() has none of the threads: it gets a library of its own that is down, with its parent's settings.
#pragma once

#include "api/api_actor.hpp"
#include "api/buffer_registry.hpp"
#include "api/engine.hpp"
#include "api/handle_table.hpp"
#include "api/wdstci.h"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace fleetcast::api {

/// What FleetcastConfigure sets.
struct configuration {
  std::size_t worker_threads = 0;
  std::string interface;
  std::string fingerprint;
  std::string known_servers;
};

class library {
public:
  static library& instance();

  DWORD initialize();
  DWORD shutdown();

  void configure(configuration settings);
  configuration settings() const;

  /// A call under way: Shutdown waits for it before it takes anything away.
  class call {
  public:
    explicit call(library& owner);
    ~call();

    call(const call&) = delete;
    call& operator=(const call&) = delete;

    /// False: not initialised.
    bool admitted() const noexcept { return admitted_; }

  private:
    library& owner_;
    bool admitted_;
  };

  // -- inside a call --------------------------------------------------------------------------------

  DWORD open_session(actors::receive_request request, void* caller_data, HANDLE& key);
  DWORD start_session(const std::shared_ptr<session_record>& session);

  handle_table& sessions() noexcept { return sessions_; }
  buffer_registry& buffers() noexcept { return buffers_; }

  // -- tests ----------------------------------------------------------------------------------------

  /// The world that the next initialize() makes; null: the real one.
  void replace_engine(engine_factory factory);

private:
  enum class phase { down, starting, up, stopping, ending };

  using lock = std::unique_lock<std::mutex>;

  library() = default;

  // Around fork(): the child must not find the settings half written.
  static void before_fork();
  static void in_parent();
  static void in_child();

  DWORD bring_up(lock& guard);
  void make_engine(const engine_factory& factory, std::size_t worker_threads);
  void end_sessions();
  void take_down();
  void enter(phase next);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  phase phase_ = phase::down;
  std::size_t users_ = 0; ///< initialize() calls not taken back
  std::size_t calls_ = 0; ///< under way
  configuration settings_;
  engine_factory factory_;

  std::unique_ptr<engine> engine_;
  api_actor launcher_;
  handle_table sessions_;
  buffer_registry buffers_;
};

} // namespace fleetcast::api
