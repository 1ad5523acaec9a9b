/// What `fleetcast simulate` simulates, and what comes out of it.
#pragma once

#include "protocol/simulation/group_simulation.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// Some of the receivers that lose more than the others.
struct worse_receivers {
  std::size_t count = 0;
  double loss = 0;
};

/// Receivers on top of the others that join later.
struct late_receivers {
  std::size_t count = 0;
  double joining = 0; ///< share of the loss-free time that is over then
};

struct simulation_scenario {
  std::size_t receivers = 100;
  std::uint64_t object_size = 64ULL << 20;

  double loss = 0; ///< share of datagrams, down and up
  double burst = 1;
  protocol::duration rtt = protocol::milliseconds(10);
  std::size_t cache_blocks = protocol::defaults::cache_blocks;

  protocol::rate_policy policy = protocol::rate_policy::fixed;
  protocol::bit_rate rate = 1'000'000'000; ///< when that is fixed

  protocol::bit_rate bottleneck = 0; ///< on the way to all; 0: none
  std::uint64_t queue_bytes = 0;     ///< that may wait there
  unsigned tcp_flows = 0;            ///< that share it

  std::vector<worse_receivers> worse;
  std::vector<late_receivers> late;

  std::uint64_t seed = 1;
  bool sealed = false;
  bool compare = true; ///< run it without those who are worse or late, too
  protocol::duration time_limit = protocol::seconds(3600);
};

/// Receivers of one kind: when they were complete, seconds after their joining.
struct cohort {
  std::string name;
  std::size_t count = 0;
  std::size_t complete = 0;
  double first = 0;
  double median = 0;
  double p99 = 0;
  double last = 0;

  /// `last` by that of the same receivers in a run without those who are worse or late.
  std::optional<double> delay_ratio;
};

struct simulation_summary {
  bool complete = false; ///< everybody has the whole object, right
  bool stopped = false;
  double seconds = 0; ///< virtual, until the last one was complete
  double loss_free_seconds = 0;
  std::vector<cohort> cohorts;

  std::uint64_t bytes_sent = 0;
  double sent_ratio = 0; ///< all bytes of datagrams by those of the object
  protocol::sender_statistics sender;

  double rate_through = 0; ///< bits per second that came through the bottleneck
  double tcp_rate = 0;     ///< the same of the TCP flows, on average

  double feedback_per_second = 0;
  std::uint64_t feedback_peak = 0; ///< in the busiest second
  std::uint64_t requests_sent = 0;
  std::uint64_t requests_suppressed = 0;
  std::size_t sent_away = 0; ///< receivers that did not get on
};

/// Told how far it is, between steps; false stops.
using simulation_watcher
  = std::function<bool(const char* what, const protocol::simulation::simulation_progress&)>;

/// Runs the scenario, and the ones it is compared with: the same for a few receivers without loss, and
/// the same without those who are worse or late.
simulation_summary simulate(const simulation_scenario& scenario, const simulation_watcher& watch);

} // namespace fleetcast::apps
