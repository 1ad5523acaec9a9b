/// What the API needs of the world below it, and the seam where tests put a world of their own.
#pragma once

#include "actors/messages/manager.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace fleetcast::api {

/// An actor system with a session manager in it. Destruction ends every session and every thread.
class engine {
public:
  engine() = default;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  virtual ~engine() = default;

  virtual caf::actor_system& system() = 0;
  virtual actors::session_manager_actor manager() const = 0;

  /// Another actor to be looked into, where there is a console.
  virtual void show(const caf::actor&) {}
};

/// Makes an engine with so many worker threads; 0: as many as it finds right. May throw
/// std::bad_alloc and std::system_error.
using engine_factory = std::function<std::unique_ptr<engine>(std::size_t worker_threads)>;

/// The real one: actors::runtime, with a console or without.
std::unique_ptr<engine> make_runtime_engine(std::size_t worker_threads, bool console = false);

} // namespace fleetcast::api
