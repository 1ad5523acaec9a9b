/// `fleetcast simulate fleet`: whole fleets in virtual time, through every kind of trouble.
#pragma once

#include "apps/fleetcast/simulate/schedule_run.hpp"
#include "protocol/simulation/fleet_simulation.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::apps {

class fleet_schedules final : public simulated_schedules {
public:
  using scenario = protocol::simulation::fleet_scenario;

  /// `scenario_of` gives the fleet of a seed.
  explicit fleet_schedules(std::function<scenario(std::uint64_t seed)> scenario_of)
    : scenario_of_(std::move(scenario_of)) {}

  std::vector<std::string> run(std::uint64_t seed) override;
  nlohmann::json figures() const override;
  std::vector<std::pair<std::string, std::string>> lines() const override;

private:
  std::function<scenario(std::uint64_t seed)> scenario_of_;
  std::uint64_t hosts_ = 0;
  std::uint64_t succeeded_ = 0;
  protocol::duration longest_{};
};

/// Adds the subcommand to `fleetcast simulate`.
void register_simulate_fleet(CLI::App& simulate, std::function<int()>& selected);

} // namespace fleetcast::apps
