/// A timer in virtual time, for a machine that says again and again when it wants to be called.
#pragma once

#include "protocol/simulation/event_queue.hpp"
#include "protocol/timestamp.hpp"

#include <utility>

namespace fleetcast::protocol::simulation {

class simulated_timer {
public:
  /// `events` must outlive this, and takes no step once this is gone.
  simulated_timer(event_queue& events, event_queue::action call)
    : events_(events),
      call_(std::move(call)) {}

  simulated_timer(const simulated_timer&) = delete;
  simulated_timer& operator=(const simulated_timer&) = delete;

  /// Calls back once, at `at`, or now if that is past. Armed for several times, it calls at the earliest and forgets the
  /// others: what is called arms it again. `never` arms nothing.
  void arm(timestamp at) {
    if (armed_ <= at)
      return;
    armed_ = at;
    events_.schedule(at, [this, at] {
      if (armed_ != at)
        return; // it was armed for an earlier time since, and has called
      armed_ = never;
      call_();
    });
  }

private:
  event_queue& events_;
  event_queue::action call_;
  timestamp armed_ = never;
};

} // namespace fleetcast::protocol::simulation
