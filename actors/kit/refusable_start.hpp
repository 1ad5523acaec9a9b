/// Modules of an actor system whose start may fail.
#pragma once

#include "protocol/failure.hpp"

#include <caf/fwd.hpp>

namespace fleetcast::actors {

/// CAF's modules start in the constructor of the actor system, which does not survive an exception there: what runs
/// already is neither stopped nor waited for. A module of this kind notes what it could not start and throws
/// nothing; whoever made the system asks `start_failure`, and ends it if there is one.
class refusable_start {
public:
  refusable_start() = default;
  refusable_start(const refusable_start&) = delete;
  refusable_start& operator=(const refusable_start&) = delete;
  virtual ~refusable_start() = default;

  /// None: all that belongs to it runs.
  virtual const protocol::failure& start_failure() const noexcept = 0;
};

/// Why `system` cannot be used, if so: it has fewer threads than it needs. Nothing may be spawned in it then, but it
/// ends as any other does.
[[nodiscard]] protocol::failure start_failure(caf::actor_system& system);

} // namespace fleetcast::actors
