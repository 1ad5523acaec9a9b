#include "actors/kit/refusable_start.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace fleetcast::actors {

namespace {

protocol::failure failure_of(const caf::actor_system::module& module) {
  const auto* const one = dynamic_cast<const refusable_start*>(&module);
  return one != nullptr ? one->start_failure() : protocol::failure{};
}

} // namespace

protocol::failure start_failure(caf::actor_system& system) {
  auto result = failure_of(system.scheduler());
  if (!result && system.has_middleman())
    result = failure_of(system.middleman());
  return result;
}

} // namespace fleetcast::actors
