/// Fleets and control connections with random troubles: every kind and amount of them within a few thousand seeds.
#pragma once

#include "protocol/simulation/control_simulation.hpp"
#include "protocol/simulation/fleet_simulation.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol::simulation::schedules {

/// A fleet of one to `most_hosts` hosts. The same for the same seed, everywhere.
fleet_scenario random_fleet(std::uint64_t seed, std::size_t most_hosts);

/// A fleet of `hosts` hosts that activate together, with some partitions and deaths.
fleet_scenario large_fleet(std::uint64_t seed, std::size_t hosts);

/// One control connection.
control_scenario random_connection(std::uint64_t seed);

} // namespace fleetcast::protocol::simulation::schedules
