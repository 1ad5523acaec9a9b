#include "actors/kit/job_queue.hpp"

#include <utility>

namespace fleetcast::actors {

namespace {

constexpr auto never = timeout_schedule::never;

/// The queue of which this thread is a worker.
thread_local const job_queue* own_queue = nullptr;

/// When the guard looks whether `due` was forgotten.
job_queue::time_point guard_of(job_queue::time_point due) {
  return due == never ? never : due + job_queue::grace;
}

} // namespace

void job_queue::add(caf::resumable* job) {
  const std::lock_guard held{mutex_};
  jobs_.push_back(job);
  if (own_queue != this || jobs_.size() > 1)
    wake_one();
}

void job_queue::change_timeouts(change what) {
  const auto due = timeout_schedule::due_of(what);
  const std::lock_guard held{mutex_};
  if (is_closed_)
    return; // `what` goes when the mutex is free again: it may hold the last of an actor
  waiting_.push_back(std::move(what));
  waiting_due_ = std::min(waiting_due_, due);
  // A worker looks itself when its turn ends.
  const bool is_outside = own_queue != this;
  if (is_outside && has_keeper() && (due < kept_until_ || waiting_.size() >= most_waiting_changes))
    return call_keeper(); // which sees to the guard before its own turn
  see_to_guard();
}

caf::resumable* job_queue::wait() {
  own_queue = this;
  lock held{mutex_};
  while (!is_closed_) {
    if (has_timeouts_to_serve())
      serve_timeouts(held);
    if (is_closed_)
      break;
    if (!jobs_.empty())
      return take();
    if (!has_timeouts_to_serve())
      rest(held);
  }
  own_queue = nullptr;
  return nullptr;
}

void job_queue::close() {
  const std::lock_guard held{mutex_};
  is_closed_ = true;
  keeper_called_.notify_all();
  other_called_.notify_all();
}

void job_queue::drop_timeouts() {
  std::exchange(waiting_, {}).clear();
  schedule_.clear();
}

caf::resumable* job_queue::take_left_over() {
  const std::lock_guard held{mutex_};
  return jobs_.empty() ? nullptr : take();
}

job_queue::rests job_queue::counted() const {
  const std::lock_guard held{mutex_};
  return rests_;
}

bool job_queue::has_timeouts_to_serve() const {
  return !is_serving_ && (!waiting_.empty() || schedule_.is_due());
}

/// Without the mutex: what is fired adds jobs, and what is forgotten may end actors, which changes more.
void job_queue::serve_timeouts(lock& held) {
  is_serving_ = true;
  scheduled_ = never;
  changes_.swap(waiting_);
  waiting_due_ = never;
  held.unlock();
  for (auto& each : changes_)
    schedule_.apply(std::move(each));
  changes_.clear();
  schedule_.fire_due();
  const auto first = schedule_.first_due();
  held.lock();
  scheduled_ = first;
  is_serving_ = false;
}

void job_queue::rest(lock& held) {
  if (!has_keeper())
    return rest_as_keeper(held);
  if (next_due() < kept_until_)
    call_keeper();
  const auto until = guard_of(next_due());
  const bool is_guard = until < guarded_until_; // otherwise another one looks in time
  if (is_guard)
    guarded_until_ = until;
  ++resting_others_;
  rest_until(other_called_, held, is_guard ? until : never);
  --resting_others_;
  guarded_until_ = never; // perhaps it was not the guard that was called: one more will look
}

/// One that was called may still be on its way when the next one rests.
void job_queue::rest_as_keeper(lock& held) {
  const auto number = ++keepers_;
  keeper_ = number;
  kept_until_ = next_due();
  rest_until(keeper_called_, held, kept_until_);
  if (keeper_ == number)
    keeper_ = 0;
}

void job_queue::rest_until(std::condition_variable& called, lock& held, time_point until) {
  ++rests_.resting;
  if (until == never)
    called.wait(held);
  else
    called.wait_until(held, until);
  --rests_.resting;
  ++rests_.woken;
}

void job_queue::wake_one() {
  if (has_keeper())
    call_keeper();
  else
    other_called_.notify_one();
}

/// From here on it counts as awake, even if it needs a moment.
void job_queue::call_keeper() {
  keeper_ = 0;
  keeper_called_.notify_one();
}

/// The worker that should serve the next timeout is busy, or about to be. Makes sure that another one wakes up if it stays so.
void job_queue::see_to_guard() {
  const auto latest = guard_of(next_due());
  if (has_keeper() && latest < kept_until_)
    return call_keeper();
  if (!has_keeper() && resting_others_ > 0 && latest < guarded_until_) {
    guarded_until_ = latest;
    other_called_.notify_one();
  }
}

caf::resumable* job_queue::take() {
  auto* const result = jobs_.front();
  jobs_.pop_front();
  see_to_guard();
  return result;
}

} // namespace fleetcast::actors
