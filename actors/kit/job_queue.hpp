/// What the workers of an actor system have to do: jobs now, and timeouts later.
///
/// The workers keep the time themselves, in the manner of leader and followers: of those that rest, one is the keeper,
/// which rests until the next timeout only. It wakes up, fires what is due, and goes on at once with the actors that this
/// concerns. With a thread for the clock, as CAF has it, each timeout woke that thread twice and a worker besides.
///
/// The keeper is also the one that is called first for a job, so a process with little to do stays on one thread. While it
/// works nobody keeps the time, since it will look again when its actor's turn ends. For a turn that does not end, the others
/// rest no longer than a moment beyond the next timeout.
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

  /// How late a timeout may be because the worker that would serve it is busy. Such a worker's turn should be over sooner.
  static constexpr std::chrono::milliseconds grace{10};

  job_queue() = default;
  job_queue(const job_queue&) = delete;
  job_queue& operator=(const job_queue&) = delete;

  /// Any thread. What a worker adds it will take itself, so another one is woken only for a second job; what comes from
  /// outside wakes one.
  void add(caf::resumable* job);

  /// Any thread. Changes the timeouts, before the next one is fired. Nothing happens once closed.
  void ask(change what);

  /// For workers: waits for a job, and fires timeouts meanwhile. Null: closed.
  [[nodiscard]] caf::resumable* wait();

  /// Ends all waiting.
  void close();

  /// Once closed, and no worker is left: forgets the timeouts.
  void drop_timeouts();

  /// Once closed: what nobody waited for. Null: nothing is left.
  [[nodiscard]] caf::resumable* take_left_over();

private:
  using lock = std::unique_lock<std::mutex>;

  /// Changes that may wait until a worker looks at them anyway.
  static constexpr std::size_t most_asked = 64;

  /// When something is due, as far as anyone knows.
  time_point next_due() const noexcept { return std::min(scheduled_, asked_due_); }

  bool has_keeper() const noexcept { return keeper_ != 0; }
  bool has_time_to_tell() const;
  void tell_time(lock& held);
  void rest(lock& held);
  void rest_as_keeper(lock& held);
  void wake_one();
  void call_keeper();
  void see_to_guard();
  caf::resumable* take();

  std::mutex mutex_;
  bool is_closed_ = false;
  std::deque<caf::resumable*> jobs_;

  timeout_schedule schedule_;   ///< of the worker that tells the time, without the mutex
  std::vector<change> changes_; ///< of that worker, too
  bool is_told_ = false;        ///< there is one
  time_point scheduled_ = timeout_schedule::never; ///< the schedule's first
  std::vector<change> asked_;                      ///< since
  time_point asked_due_ = timeout_schedule::never; ///< the first among those

  std::condition_variable keeper_called_;
  std::uint64_t keepers_ = 0; ///< so far
  std::uint64_t keeper_ = 0;  ///< which of those rests, and was not called; 0: none
  time_point kept_until_ = timeout_schedule::never;

  std::condition_variable other_called_;
  std::size_t resting_others_ = 0;
  time_point guarded_until_ = timeout_schedule::never; ///< when the first of them looks again
};

} // namespace fleetcast::actors
