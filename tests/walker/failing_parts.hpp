/// Children of receive sessions that behave like real ones on their bad days: they refuse, fall silent,
/// fail half-way, die, or deliver everything, in any order and at any pace. Session manager,
/// session and writer above them are the real ones.
#pragma once

#include "actors/receive/session.hpp"
#include "tests/walker/objects.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fleetcast::walker {

/// What all of them share. `blocks_alive` counts block memory not given back.
struct bad_world {
  const std::vector<object>& objects;
  std::uint16_t port; ///< the one at which there is a server
  std::shared_ptr<int> blocks_alive = std::make_shared<int>(0);
};

std::shared_ptr<actors::receive_session_parts> failing_parts(std::shared_ptr<const bad_world> world,
                                                             std::uint64_t seed);

} // namespace fleetcast::walker
