/// Signals and other events for a main thread that waits in one place.
#pragma once

#include "apps/common/staged_file.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <span>

namespace fleetcast::apps {

/// Set from any thread, noticed by whoever polls `number`. What was written before set() may be read once
/// is_set() is true.
class event_flag {
public:
  event_flag();

  void set() noexcept;
  bool is_set() const noexcept { return is_set_.load(std::memory_order_acquire); }
  int number() const noexcept { return file_.get(); }

private:
  descriptor file_;
  std::atomic<bool> is_set_{false};
};

/// SIGINT, SIGTERM and SIGHUP as events. To be made before any other thread, so that all inherit that
/// they are blocked. One that is ignored already stays so: nohup, a script's job in the background. SIGPIPE
/// and SIGXFSZ are ignored: what they report comes back as an error, too.
/// Not undone: for the rest of the process.
class signal_events {
public:
  signal_events();

  enum class woken_by { event, signal, timeout };

  /// Until `event` is set, a signal has come (its number is in `last_signal` then), or `timeout` is over.
  [[nodiscard]] woken_by wait(const event_flag& event, std::chrono::milliseconds timeout);

  /// Until one of `files` can be read or has reached its end, a signal has come, or `timeout` is over.
  [[nodiscard]] woken_by wait(std::span<const int> files, std::chrono::milliseconds timeout);

  int last_signal() const noexcept { return last_signal_; }

  /// From now on a signal ends the process at once: for people who press Ctrl-C twice.
  void let_go() noexcept;

private:
  bool take_signal() noexcept;

  sigset_t ending_; ///< those that are not ignored
  descriptor file_;
  int last_signal_ = 0;
};

} // namespace fleetcast::apps
