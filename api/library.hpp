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

#include "api/api_port.hpp"
#include "api/buffer_registry.hpp"
#include "api/configuration.hpp"
#include "api/engine.hpp"
#include "api/handle_table.hpp"
#include "api/log_delivery.hpp"
#include "api/wdstci.h"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace fleetcast::api {

class library {
public:
  static library& instance();

  DWORD initialize();
  DWORD shutdown();

  /// What the program sets, above what environment and file say.
  void configure(configuration settings);

  /// What counts: environment and file as the first initialize() found them.
  configuration settings() const;

  /// The same with environment and file as they are now; or ERROR_BAD_CONFIGURATION, and
  /// configuration_error() tells.
  tl::expected<configuration, DWORD> current_settings();

  /// What was wrong with the configuration when it was last read; empty: nothing.
  std::string configuration_error() const;
  void note_configuration_error(std::string story);

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
  DWORD make_world(const engine_factory& factory, const configuration& own);
  DWORD refuse_configuration(std::string story);
  void end_sessions();
  void take_down();
  void enter(phase next);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  phase phase_ = phase::down;
  std::size_t users_ = 0;      ///< initialize() calls not taken back
  std::size_t calls_ = 0;      ///< under way
  configuration settings_;     ///< the program's
  configuration surroundings_; ///< environment and file
  std::string configuration_error_;
  engine_factory factory_;

  std::shared_ptr<log_delivery> log_; ///< null: nobody wants to know

  std::unique_ptr<engine> engine_;
  std::shared_ptr<api_port> port_; ///< while up or stopping
  handle_table sessions_;
  buffer_registry buffers_;
};

} // namespace fleetcast::api
