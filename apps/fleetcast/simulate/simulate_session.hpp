/// `fleetcast simulate session`: whole sessions between a client and a server in virtual time, whatever breaks.
#pragma once

#include "apps/fleetcast/simulate/schedule_run.hpp"
#include "protocol/simulation/control_simulation.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::apps {

class session_schedules final : public simulated_schedules {
public:
  using scenario = protocol::simulation::control_scenario;

  /// `scenario_of` gives the connection of a seed.
  explicit session_schedules(std::function<scenario(std::uint64_t seed)> scenario_of)
    : scenario_of_(std::move(scenario_of)) {}

  std::vector<std::string> run(std::uint64_t seed) override;
  nlohmann::json figures() const override;
  std::vector<std::pair<std::string, std::string>> lines() const override;

private:
  std::function<scenario(std::uint64_t seed)> scenario_of_;
  std::uint64_t receipts_ = 0;
  std::uint64_t receipts_noted_ = 0;
};

/// Adds the subcommand to `fleetcast simulate`.
void register_simulate_session(CLI::App& simulate, std::function<int()>& selected);

} // namespace fleetcast::apps
