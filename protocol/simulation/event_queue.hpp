/// Virtual time: things to do, in order of their time, then of their scheduling.
#pragma once

#include "protocol/require.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace fleetcast::protocol::simulation {

class event_queue {
public:
  using action = std::function<void()>;

  timestamp now() const noexcept { return now_; }
  bool empty() const noexcept { return events_.empty(); }

  /// Does `what` at `at`, or now if that is past.
  void schedule(timestamp at, action what) { schedule(at, take_place(), std::move(what)); }

  /// A place among the events of one moment, for one that is scheduled later.
  std::uint64_t take_place() noexcept { return next_place_++; }

  /// As if it had been scheduled when its place was taken. So things that happen one after the other need only one event
  /// in the queue, the first of them.
  void schedule(timestamp at, std::uint64_t place, action what) {
    events_.push({std::max(at, now_), place, std::move(what)});
  }

  /// Moves time to the next event and does it. Requires !empty().
  void step() {
    REQUIRE(!empty());
    // The queue gives only const access to its top; the action is moved out just before the pop.
    auto& top = const_cast<event&>(events_.top());
    now_ = top.at;
    auto what = std::move(top.what);
    events_.pop();
    what();
  }

private:
  struct event {
    timestamp at;
    std::uint64_t place;
    action what;

    friend bool operator<(const event& a, const event& b) noexcept {
      return a.at != b.at ? a.at > b.at : a.place > b.place;
    }
  };

  std::priority_queue<event> events_;
  std::uint64_t next_place_ = 0;
  timestamp now_ = seconds(1);
};

} // namespace fleetcast::protocol::simulation
