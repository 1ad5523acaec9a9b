/// Shows how far a simulation is, and hears signals, a few times a second of real time.
#pragma once

#include "apps/common/signal_events.hpp"
#include "apps/common/terminal_line.hpp"

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

namespace fleetcast::apps {

/// On a terminal there is one line on standard error, drawn over and over; elsewhere a new one every ten seconds. To be
/// made before any thread.
class run_watcher {
public:
  /// To be called as often as possible: `text` is asked only when it is shown. False: a signal has come.
  [[nodiscard]] bool look(const std::function<std::string()>& text);

  /// Makes room for what is printed next.
  void finish() { line_.clear(); }

  int last_signal() const noexcept { return signals_.last_signal(); }

private:
  using clock = std::chrono::steady_clock;

  void show(clock::time_point now, const std::string& text);

  signal_events signals_;
  event_flag nothing_;
  terminal_line line_{stderr};
  clock::time_point looked_at_ = clock::now();
  clock::time_point said_at_ = clock::now();
};

} // namespace fleetcast::apps
