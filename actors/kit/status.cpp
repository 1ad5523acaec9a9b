#include "actors/kit/status.hpp"

namespace fleetcast::actors {

status_snapshot without_answer(const caf::actor& silent, const caf::error& why,
                               std::chrono::milliseconds patience) {
  status_snapshot result;
  // Its name is a constant of its class and its id is set once: both may be read from outside.
  const auto* local
    = dynamic_cast<const caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(silent));
  result.actor = local != nullptr ? local->name() : "actor";
  result.id = silent.id();
  result.state = why == caf::sec::request_timeout
                   ? "no answer in " + std::to_string(patience.count()) + " ms"
                   : "ended";
  result.answered = false;
  return result;
}

} // namespace fleetcast::actors
