/// Paths and groups that nobody had in mind when the rate control was written: drawn by chance from what networks are,
/// with the corners always among them. Each is run twice: with the rate that is found, and with a fixed rate of 0.95
/// times the slowest link and queues without end, which floods nobody and wastes nothing.
#pragma once

#include "protocol/simulation/group_simulation.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::protocol::simulation {

struct rate_scenario {
  std::string name; ///< what it is made of, for people
  simulation_options options;

  /// Of all who ever belong to the group, bits per second.
  bit_rate slowest_link = 0;

  /// Greatest round trip, queues empty.
  duration rtt{};

  /// Bytes in flight at the slowest link's rate.
  std::uint64_t bandwidth_delay() const noexcept;
};

/// The scenario of that number: the corners first, then what chance brings.
rate_scenario sampled_scenario(std::uint64_t number, std::uint64_t seed);

struct rate_outcome {
  simulation_outcome found; ///< with the rate that was found
  simulation_outcome fixed;

  /// Most that was sent over any second after the search, as a multiple of the slowest link of those present.
  double worst_second = 0;
};

/// Runs both.
rate_outcome run(const rate_scenario& scenario);

/// The rule's bounds (docs/decisions/0019).
constexpr double most_sent = 1.15;
constexpr double longest_time = 1.18;
constexpr double most_in_a_second = 1.25;

/// How a scenario went, beside the bounds.
struct rate_verdict {
  /// Bytes, as a ratio to the fixed run, less the search's allowance: a MiB, or two bandwidth-delay products.
  double sent = 0;

  /// The same of the time, less eight round trips.
  double time = 0;

  double worst_second = 0;
  bool intact = false; ///< every copy

  bool within() const noexcept;
};

rate_verdict judge(const rate_scenario& scenario, const rate_outcome& outcome);

} // namespace fleetcast::protocol::simulation
