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
  void schedule(timestamp at, action what) {
    events_.push({std::max(at, now_), next_sequence_++, std::move(what)});
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
    std::uint64_t sequence;
    action what;

    friend bool operator<(const event& a, const event& b) noexcept {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };

  std::priority_queue<event> events_;
  std::uint64_t next_sequence_ = 0;
  timestamp now_ = seconds(1);
};

} // namespace fleetcast::protocol::simulation
