/// The way of log lines out of the library: into a file, and to the program's own function. Both on a
/// thread of its own, so that neither a slow disk nor a slow program holds up a session.
///
/// Overflow policy: a line that finds the queue full is dropped; once the queue is empty a line says how
/// many were.
#pragma once

#include "actors/trust/private_files.hpp"
#include "api/configuration.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace fleetcast::api {

class log_delivery {
public:
  using time_point = std::chrono::system_clock::time_point;

  /// Lines that may wait: a burst of every session of a large program, at some 200 bytes a line.
  static constexpr std::size_t max_queued = 1024;

  /// Null when `settings` ask for no log. Or why its file cannot be opened. Throws thread_refused
  /// when there is no thread to be had.
  [[nodiscard]] static tl::expected<std::shared_ptr<log_delivery>, std::string>
  start(const configuration& settings);

  log_delivery(actors::io::file_descriptor file, PFN_FleetcastLog function, void* context);

  /// Writes what waits to the file. Not on its own thread.
  ~log_delivery();

  log_delivery(const log_delivery&) = delete;
  log_delivery& operator=(const log_delivery&) = delete;

  /// `level` as FLEETCAST_LOG_…; any thread.
  void add(ULONG level, time_point when, std::string_view text);

  /// Once it returns, the program's function does not run and is not called any more. Not on its own
  /// thread.
  void silence();

  /// Whether this thread is inside the program's function.
  static bool is_calling() noexcept;

private:
  struct line {
    ULONG level = FLEETCAST_LOG_INFO;
    time_point when;
    std::string text;
  };

  void run();
  void deliver(const line& one);

  const actors::io::file_descriptor file_; ///< none: no file
  const PFN_FleetcastLog function_;
  void* const context_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<line> queue_;
  std::uint64_t dropped_ = 0;
  bool is_silent_ = false;
  bool is_calling_ = false;
  bool is_ending_ = false;

  std::thread thread_; ///< last: it uses all of the above
};

/// Sends the lines of actors::log() to `delivery` from now on, at the level of `settings`; null: nowhere.
/// While no other thread logs.
void attach_log(const std::shared_ptr<log_delivery>& delivery, const configuration& settings);

} // namespace fleetcast::api
