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
    events_.push({std::max(at, now_), place, store(std::move(what))});
  }

  /// Moves time to the next event and does it. Requires !empty().
  void step() {
    REQUIRE(!empty());
    const auto next = events_.top();
    events_.pop();
    now_ = next.at;
    // What it does may schedule more, and move what is stored.
    const auto what = std::move(actions_[next.slot]);
    free_slots_.push_back(next.slot);
    what();
  }

private:
  /// Small, since the queue moves them about.
  struct event {
    timestamp at;
    std::uint64_t place;
    std::uint32_t slot; ///< of its action

    friend bool operator<(const event& a, const event& b) noexcept {
      return a.at != b.at ? a.at > b.at : a.place > b.place;
    }
  };

  std::uint32_t store(action what) {
    if (free_slots_.empty()) {
      actions_.push_back(std::move(what));
      return static_cast<std::uint32_t>(actions_.size() - 1);
    }
    const auto slot = free_slots_.back();
    free_slots_.pop_back();
    actions_[slot] = std::move(what);
    return slot;
  }

  std::priority_queue<event> events_;
  std::vector<action> actions_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_place_ = 0;
  timestamp now_ = seconds(1);
};

} // namespace fleetcast::protocol::simulation
