#include "actors/kit/lazy_sharing.hpp"

#include "actors/io/own_thread.hpp"
#include "actors/kit/job_queue.hpp"
#include "actors/kit/printer.hpp"
#include "actors/kit/refusable_start.hpp"
#include "actors/kit/worker_clock.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <deque>
#include <thread>
#include <vector>

#include <pthread.h>

namespace fleetcast::actors {

namespace {

/// What an actor may handle before others have its worker: some batches of datagrams, which is less than a
/// millisecond.
constexpr std::size_t messages_per_turn = 8;

/// Runs jobs on one thread.
class worker final : public caf::execution_unit {
public:
  worker(caf::actor_system& system, job_queue& queue) : execution_unit(&system), queue_(queue) {}

  void exec_later(caf::resumable* job) override { queue_.add(job); }

  /// Until the queue is closed.
  void run() {
    while (auto* const job = queue_.wait())
      turn(job);
  }

private:
  void turn(caf::resumable* job) {
    if (job->resume(this, messages_per_turn) == caf::resumable::resume_later)
      exec_later(job);
    else
      caf::intrusive_ptr_release(
        job); // it is over, or waits for a message that brings it back here
  }

  job_queue& queue_;
};

/// Workers, clock and printer of an actor system. CAF's own coordinator ends the process where the system refuses one of
/// its threads.
class lazy_scheduler final : public caf::scheduler::abstract_coordinator, public refusable_start {
public:
  explicit lazy_scheduler(caf::actor_system& system)
    : abstract_coordinator(system),
      clock_(queue_) {}

  const protocol::failure& start_failure() const noexcept override { return start_failure_; }

  void enqueue(caf::resumable* job) override { queue_.add(job); }
  caf::actor_clock& clock() noexcept override { return clock_; }

protected:
  void start() override {
    if (start_workers())
      utility_actors_[printer_id] = spawn_printer(system());
  }

  void stop() override {
    // The printer runs on a worker, so it ends before they do. There is none where a thread was refused.
    if (printer())
      stop_actors();
    queue_.close();
    for (auto& each : threads_)
      each.join();
    queue_.drop_timeouts();
    while (auto* const job = queue_.take_left_over())
      cleanup_and_release(job);
  }

private:
  /// False: one was refused, as start_failure_ says.
  bool start_workers() {
    threads_.reserve(num_workers());
    while (threads_.size() < num_workers()) {
      auto& fresh = workers_.emplace_back(system(), queue_);
      auto started = io::start_thread("a worker of the actor system", [this, &fresh] {
        CAF_SET_LOGGER_SYS(&system());
        pthread_setname_np(pthread_self(), "caf.worker");
        system().thread_started();
        fresh.run();
        system().thread_terminates();
      });
      if (!started) {
        start_failure_ = std::move(started.error());
        return false;
      }
      threads_.push_back(std::move(*started));
    }
    return true;
  }

  job_queue queue_;
  worker_clock clock_;
  std::deque<worker> workers_; ///< they do not move: threads refer to them
  std::vector<std::thread> threads_;
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
