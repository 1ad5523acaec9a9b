#include "actors/kit/lazy_sharing.hpp"

#include "actors/io/own_thread.hpp"
#include "actors/kit/printer.hpp"
#include "actors/kit/refusable_start.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>

namespace fleetcast::actors {

namespace {

/// What an actor may handle before others have its worker: some batches of datagrams, which is less than a
/// millisecond.
constexpr std::size_t messages_per_turn = 8;

/// What is to be done. Any thread.
class job_queue {
public:
  /// Returns how many wait now.
  std::size_t push(caf::resumable* job) {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(job);
    return jobs_.size();
  }

  void wake_one() { filled_.notify_one(); }

  /// Waits for a job. Null: the queue was closed.
  caf::resumable* wait() {
    std::unique_lock lock{mutex_};
    filled_.wait(lock, [this] { return is_closed_ || !jobs_.empty(); });
    return is_closed_ ? nullptr : pop();
  }

  void close() {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    filled_.notify_all();
  }

  /// What nobody waited for. Null: nothing is left.
  caf::resumable* take_left_over() {
    const std::lock_guard lock{mutex_};
    return jobs_.empty() ? nullptr : pop();
  }

private:
  caf::resumable* pop() {
    auto* const result = jobs_.front();
    jobs_.pop_front();
    return result;
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<caf::resumable*> jobs_;
  bool is_closed_ = false;
};

/// Runs jobs on one thread.
class worker final : public caf::execution_unit {
public:
  worker(caf::actor_system& system, job_queue& queue) : execution_unit(&system), queue_(queue) {}

  /// From the job that this worker runs: the worker will be back for it.
  void exec_later(caf::resumable* job) override {
    if (queue_.push(job) > 1)
      queue_.wake_one();
  }

  /// Until the queue is closed.
  void run() {
    while (auto* const job = queue_.wait())
      turn(job);
  }

private:
  void turn(caf::resumable* job) {
    // Otherwise the job is over, or waits for a message that brings it back here.
    if (job->resume(this, messages_per_turn) == caf::resumable::resume_later)
      exec_later(job);
    else
      caf::intrusive_ptr_release(job);
  }

  job_queue& queue_;
};

/// Workers, clock and printer of an actor system. CAF's own one does not survive that the system refuses one of its
/// threads.
class lazy_scheduler final : public caf::scheduler::abstract_coordinator, public refusable_start {
public:
  explicit lazy_scheduler(caf::actor_system& system) : abstract_coordinator(system) {}

  const protocol::failure& start_failure() const noexcept override { return start_failure_; }

  /// From outside: some worker must wake up, unless all are at work.
  void enqueue(caf::resumable* job) override {
    (void)queue_.push(job);
    queue_.wake_one();
  }

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

protected:
  void start() override {
    if (start_threads())
      utility_actors_[printer_id] = spawn_printer(system());
  }

  void stop() override {
    // By its worker, so before those end. There is none where a thread was refused.
    if (printer())
      stop_actors();
    queue_.close();
    for (auto& each : threads_)
      each.join();
    if (timer_.joinable()) {
      clock_.cancel_dispatch_loop();
      timer_.join();
    }
    while (auto* const job = queue_.take_left_over())
      cleanup_and_release(job);
  }

private:
  bool start_threads() {
    threads_.reserve(num_workers());
    while (threads_.size() < num_workers()) {
      auto& fresh = workers_.emplace_back(system(), queue_);
      auto started = start_thread("caf.multiplexer", "a worker of the actor system",
                                  [&fresh] { fresh.run(); });
      if (!started.joinable())
        return false;
      threads_.push_back(std::move(started));
    }
    timer_ = start_thread("caf.clock", "the clock of the actor system",
                          [this] { clock_.run_dispatch_loop(); });
    return timer_.joinable();
  }

  /// Not joinable: refused, as start_failure_ says.
  template <class Work>
  std::thread start_thread(const char* name, const char* purpose, Work work) {
    auto result = io::start_thread(purpose, [this, name, work] {
      CAF_SET_LOGGER_SYS(&system());
      pthread_setname_np(pthread_self(), name);
      system().thread_started();
      work();
      system().thread_terminates();
    });
    if (result)
      return std::move(*result);
    start_failure_ = std::move(result.error());
    return {};
  }

  caf::detail::thread_safe_actor_clock clock_;
  job_queue queue_;
  std::deque<worker> workers_; ///< they do not move: threads refer to them
  std::vector<std::thread> threads_;
  std::thread timer_;
  protocol::failure start_failure_;
};

} // namespace

void share_lazily(caf::actor_system_config& config, std::size_t workers) {
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.max-throughput", messages_per_turn);
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
    return new lazy_scheduler(system);
  });
}

} // namespace fleetcast::actors
