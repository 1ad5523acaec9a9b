/// Fleets and control connections with troubles that a seed draws: every kind and amount of them within a few thousand
/// seeds. What is given is so for every seed.
#pragma once

#include "protocol/simulation/control_simulation.hpp"
#include "protocol/simulation/fleet_simulation.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol::simulation {

/// A legal job for `hosts` hosts: host0, host1, …
fleet::campaign_plan sample_plan(std::size_t hosts);

/// Meaning and units: fleet_scenario.
struct given_fleet {
  std::optional<std::size_t> hosts; ///< 1 or more; else 1 to 8
  std::optional<double> losses;
  std::optional<double> repeats;
  std::optional<double> failures;
  std::optional<duration> between_cuts;
  std::optional<duration> between_partitions;
  std::optional<duration> between_agent_deaths;
  std::optional<duration> between_coordinator_deaths;
};

/// The same for the same arguments, everywhere. In a fleet of more than 8 hosts each has as much trouble as in one of 8.
fleet_scenario random_fleet(std::uint64_t seed, const given_fleet& given = {});

/// Meaning and units: control_scenario.
struct given_connection {
  std::optional<double> breaks;
  std::optional<double> spoilt;
  std::optional<double> refusals;
  std::optional<double> no_answers;
  std::optional<double> stops;
  std::optional<double> failures;
};

/// The same for the same arguments, everywhere.
control_scenario random_connection(std::uint64_t seed, const given_connection& given = {});

} // namespace fleetcast::protocol::simulation
