/// What the workers of an actor system have to do: jobs now, and timeouts later.
///
/// The workers keep the time themselves, in the manner of leader and followers: of those that rest, one is the keeper,
/// which rests until the next timeout only. It wakes up, fires what is due, and goes on at once with the actors that this
/// concerns. With a thread for the clock, as CAF has it, each timeout woke that thread twice and a worker besides.
///
/// The keeper is also the one that is called first for a job, so a process with little to do stays on one thread. While it
/// works nobody keeps the time, since it looks again when its actor's turn ends. For a turn that does not end, one of the
/// others, the guard, rests no longer than `grace` beyond the next timeout.
///
/// Invariant: while any worker rests, one of them wakes up by itself no later than next_due() + grace. It is the keeper or,
/// without one, the guard. Code that brings next_due() forward, or ends that worker's rest, restores the invariant
/// (see_to_guard).
#pragma once

#include "actors/kit/timeout_schedule.hpp"

#include <caf/resumable.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace fleetcast::actors {

class job_queue {
public:
  using time_point = timeout_schedule::time_point;
  using change = timeout_schedule::change;

  /// How late a timeout may be because the worker that would serve it is busy, while another one rests.
  static constexpr std::chrono::milliseconds grace{10};

  job_queue() = default;
  job_queue(const job_queue&) = delete;
  job_queue& operator=(const job_queue&) = delete;

  /// Any thread. What a worker adds it will take itself, so another one is woken only for a second job; what comes from
  /// outside wakes one.
  void add(caf::resumable* job);

  /// Any thread. It is made before the next timeout is fired. Nothing happens once closed.
  void change_timeouts(change what);

  /// For workers: waits for a job, and serves timeouts meanwhile. Null: closed.
  [[nodiscard]] caf::resumable* wait();

  /// Ends all waiting.
  void close();

  /// Once closed, and no worker is left: forgets the timeouts.
  void drop_timeouts();

  /// Once closed: what nobody waited for. Null: nothing is left.
  [[nodiscard]] caf::resumable* take_left_over();

  /// How many workers rest now, and how often one has woken up so far.
  struct rests {
    std::size_t resting = 0;
    std::uint64_t woken = 0;
  };

  [[nodiscard]] rests counted() const;

private:
  using lock = std::unique_lock<std::mutex>;

  /// Changes that may wait until a worker looks at them anyway.
  static constexpr std::size_t most_waiting_changes = 64;

  /// When something is due, as far as anyone knows.
  time_point next_due() const noexcept { return std::min(scheduled_, waiting_due_); }

  bool has_keeper() const noexcept { return keeper_ != 0; }
  bool has_timeouts_to_serve() const;
  void serve_timeouts(lock& held);
  void rest(lock& held);
  void rest_as_keeper(lock& held);
  void rest_until(std::condition_variable& called, lock& held, time_point until);
  void wake_one();
  void call_keeper();
  void see_to_guard();
  caf::resumable* take();

  mutable std::mutex mutex_;
  bool is_closed_ = false;
  std::deque<caf::resumable*> jobs_;
  rests rests_;

  bool is_serving_
    = false; ///< one worker serves timeouts, without the mutex; only that one touches the next two
  timeout_schedule schedule_;
  std::vector<change> changes_; ///< taken out of `waiting_`, being made

  time_point scheduled_
    = timeout_schedule::never;  ///< the schedule's first; `never` while it is being served
  std::vector<change> waiting_; ///< not made yet
  time_point waiting_due_ = timeout_schedule::never; ///< the first timeout among those

  std::condition_variable keeper_called_;
  std::uint64_t keepers_ = 0; ///< the number of the latest one
  std::uint64_t keeper_
    = 0; ///< its number while it rests uncalled; 0: there is none. So one that wakes up late does not take
  ///< its successor for itself
  time_point kept_until_ = timeout_schedule::never;

  std::condition_variable other_called_;
  std::size_t resting_others_ = 0;
  time_point guarded_until_
    = timeout_schedule::never; ///< the guard wakes up by then; `never`: there may be none
};

} // namespace fleetcast::actors
