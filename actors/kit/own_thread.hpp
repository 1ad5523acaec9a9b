/// Actors on threads of their own: the one way in which Fleetcast spawns them.
///
/// CAF counts a detached actor as running before it starts the actor's thread. Where the system refuses that thread,
/// `spawn<caf::detached>` throws and leaves an actor behind that never runs and never ends, and the actor system
/// waits for it for ever. Here the thread comes first: without one there is no actor, and nothing to undo.
/// cmake/check_layering.py refuses `caf::detached` anywhere else.
#pragma once

#include "actors/io/own_thread.hpp"
#include "protocol/failure.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/detail/init_fun_factory.hpp>
#include <caf/detail/private_thread.hpp>
#include <caf/infer_handle.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/spawn_options.hpp>
#include <tl/expected.hpp>

#include <future>
#include <string_view>
#include <utility>

namespace fleetcast::actors {

/// A thread that waits to be told which actor it runs; it ends if there is none after all.
class waiting_thread {
public:
  [[nodiscard]] static tl::expected<waiting_thread, protocol::failure>
  start(std::string_view purpose);

  waiting_thread(waiting_thread&& other) noexcept;
  waiting_thread& operator=(waiting_thread&&) = delete;
  ~waiting_thread();

  /// Runs the actor of `job`, which frees itself at the actor's end. Once.
  void run(caf::detail::private_thread* job);

private:
  using promise = std::promise<caf::detail::private_thread*>;

  explicit waiting_thread(promise job) : job_(std::move(job)) {}

  promise job_;
  bool is_waiting_ = true; ///< false, too, once moved from
};

/// `Actor`, launched on a thread that is there already.
template <class Actor>
class on_waiting_thread final : public Actor {
public:
  on_waiting_thread(caf::actor_config& config, waiting_thread& thread)
    : Actor(config),
      thread_(&thread) {}

  /// What scheduled_actor::launch does for a detached actor, with the steps that can fail first.
  void launch(caf::execution_unit*, bool, bool is_hidden) override {
    try {
      this->private_thread_ = new caf::detail::private_thread(this);
    } catch (...) {
      this->unsetf(caf::abstract_actor::is_detached_flag); // its end must not look for the thread
      throw;
    }
    if (!is_hidden)
      this->register_at_system();
    thread_->run(this->private_thread_);
  }

private:
  waiting_thread* thread_; ///< until launched
};

/// As `system.spawn<caf::detached>(function, arguments…)`. Or why there is no thread for it; `purpose` names it in
/// that sentence: "a callback".
template <class Function, class... Arguments>
[[nodiscard]] tl::expected<caf::infer_handle_from_fun_t<Function>, protocol::failure>
spawn_on_own_thread(caf::actor_system& system, std::string_view purpose, Function function,
                    Arguments&&... arguments) {
  auto thread = waiting_thread::start(purpose);
  if (!thread)
    return tl::unexpected{std::move(thread.error())};
  using actor = caf::infer_impl_from_fun_t<Function>;
  caf::actor_config config;
  caf::detail::init_fun_factory<actor, Function> factory;
  config.init_fun = factory(std::move(function), std::forward<Arguments>(arguments)...);
  return system.spawn_impl<on_waiting_thread<actor>, caf::detached>(config, *thread);
}

} // namespace fleetcast::actors
