/// The outcome of `fleetcast simulate`, for people and for programs.
#pragma once

#include "apps/fleetcast/simulate/simulation_scenario.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace fleetcast::apps {

[[nodiscard]] std::string format_table(const simulation_scenario& scenario,
                                       const simulation_summary& summary);

[[nodiscard]] nlohmann::json to_json(const simulation_scenario& scenario,
                                     const simulation_summary& summary);

} // namespace fleetcast::apps
