#include "tests/support/schedules.hpp"

#include "tests/support/sample_job.hpp"

#include <string>

namespace fleetcast::protocol::simulation::schedules {

namespace {

using task = fleet::campaign_plan::task;

fleet::campaign_plan plan_for(std::size_t hosts) {
  fleet::campaign_plan result;
  result.request = fleet::sample_request();
  for (std::size_t i = 0; i < hosts; ++i)
    result.hosts.push_back({"host" + std::to_string(i), 5045});
  return result;
}

/// Draws from a seed.
class draw {
public:
  explicit draw(std::uint64_t seed) : random_(seed) {}

  bool chance(double percent) { return random_.unit() * 100 <= percent; }
  std::size_t below(std::size_t bound) { return random_() % bound; }
  double up_to(double most) { return random_.unit() * most; }

  /// As often as not nothing.
  double some(double most) { return chance(50) ? 0 : up_to(most); }

  /// Now and then none at all.
  duration between(double most_seconds) {
    return chance(40) ? duration::zero()
                      : duration{static_cast<std::int64_t>((1 + up_to(most_seconds)) * 1e9)};
  }

private:
  small_random random_;
};

} // namespace

fleet_scenario random_fleet(std::uint64_t seed, std::size_t most_hosts) {
  draw from{seed};
  fleet_scenario result;
  result.seed = seed;
  auto& plan = result.plan;
  plan = plan_for(1 + from.below(most_hosts));
  plan.what = from.chance(70) ? task::run : task::retry;
  plan.request.together = from.chance(60);
  plan.abort_on_failure = from.chance(40);
  if (from.chance(20))
    plan.start = {fleet::start_policy::kind::quorum, 1 + from.below(plan.hosts.size()), {}};
  else if (from.chance(20))
    plan.start = {fleet::start_policy::kind::window, 0, seconds(1 + from.below(10))};
  if (from.chance(15))
    plan.timeout = seconds(5 + from.below(60));
  // There and back within the time that an answer is waited for; else no campaign could end.
  result.longest_delay = milliseconds(1 + from.below(from.chance(20) ? 2400 : 400));
  result.losses = from.chance(50) ? 0 : from.up_to(40);
  result.repeats = from.chance(50) ? 0 : from.up_to(40);
  result.in_order = from.chance(60);
  result.between_cuts = from.between(20);
  result.between_agent_deaths = from.between(30);
  result.between_coordinator_deaths = from.between(40);
  result.between_partitions = from.between(30);
  result.hosts.longest_step = seconds(1 + from.below(12));
  result.hosts.failures = from.chance(60) ? 0 : from.up_to(60);
  result.strangers_jobs = from.chance(60) ? 0 : from.up_to(100);
  return result;
}

fleet_scenario large_fleet(std::uint64_t seed, std::size_t hosts) {
  fleet_scenario result;
  result.seed = seed;
  result.plan = plan_for(hosts);
  result.plan.request.together = true;
  result.losses = 0.5;
  result.between_cuts = milliseconds(500);
  result.between_agent_deaths = seconds(2);
  result.between_partitions = seconds(1);
  result.between_coordinator_deaths = seconds(45);
  return result;
}

control_scenario random_connection(std::uint64_t seed) {
  draw from{seed};
  control_scenario result;
  result.seed = seed;
  result.breaks = from.some(100);
  result.spoilt = from.some(20);
  result.refusals = from.some(50);
  result.no_answers = from.some(30);
  result.stops = from.some(60);
  result.failures = from.some(80);
  return result;
}

} // namespace fleetcast::protocol::simulation::schedules
