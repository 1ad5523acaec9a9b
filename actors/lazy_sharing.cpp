#include "actors/lazy_sharing.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>

namespace fleetcast::actors {

namespace {

/// What an actor may handle before others have its worker: some batches of datagrams, which is less than a
/// millisecond.
constexpr std::size_t messages_per_turn = 8;

/// Policy of caf::scheduler::coordinator; its functions are called by coordinator and workers on their own
/// threads.
class lazy_sharing : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::deque<caf::resumable*> queue;
    std::mutex mutex;
    std::condition_variable filled;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  /// From outside: some worker must wake up, unless all are at work.
  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    (void)push(d(self), job);
    d(self).filled.notify_one();
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  /// From the job that this worker runs: the worker will be back for it.
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    auto& shared = d(self->parent());
    if (push(shared, job) > 1)
      shared.filled.notify_one();
  }

  /// The job had its turn and has more to do.
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    internal_enqueue(self, job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& shared = d(self->parent());
    std::unique_lock lock{shared.mutex};
    shared.filled.wait(lock, [&] { return !shared.queue.empty(); });
    return pop(shared);
  }

  template <class Worker, class UnaryFunction>
  void foreach_resumable(Worker*, UnaryFunction) {}

  template <class Coordinator, class UnaryFunction>
  void foreach_central_resumable(Coordinator* self, UnaryFunction visit) {
    auto& shared = d(self);
    const std::lock_guard lock{shared.mutex};
    while (!shared.queue.empty())
      visit(pop(shared));
  }

private:
  /// Returns how many wait now.
  static std::size_t push(coordinator_data& shared, caf::resumable* job) {
    const std::lock_guard lock{shared.mutex};
    shared.queue.push_back(job);
    return shared.queue.size();
  }

  static caf::resumable* pop(coordinator_data& shared) {
    auto* const result = shared.queue.front();
    shared.queue.pop_front();
    return result;
  }
};

} // namespace

void share_lazily(caf::actor_system_config& config, std::size_t workers) {
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.max-throughput", messages_per_turn);
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
    return new caf::scheduler::coordinator<lazy_sharing>(system);
  });
}

} // namespace fleetcast::actors
