/// A fleet with random troubles: every kind and amount of them within a few thousand seeds.
#pragma once

#include "protocol/simulation/fleet_simulation.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol::simulation::testing {

/// Of one to `most_hosts` hosts. The same for the same seed, everywhere.
fleet_scenario random_schedule(std::uint64_t seed, std::size_t most_hosts);

/// Of so many hosts, together, with a few partitions and deaths.
fleet_scenario large_schedule(std::uint64_t seed, std::size_t hosts);

} // namespace fleetcast::protocol::simulation::testing
