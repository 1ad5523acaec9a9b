#include "protocol/simulation/random_troubles.hpp"

#include "protocol/require.hpp"
#include "protocol/simulation/small_random.hpp"

#include <algorithm>
#include <string>

namespace fleetcast::protocol::simulation {

namespace {

using task = fleet::campaign_plan::task;

constexpr std::size_t most_hosts_drawn = 8;

constexpr std::uint16_t agent_port = 5045;

/// Draws from a seed, and not the numbers that the simulation draws from it.
class draw {
public:
  explicit draw(std::uint64_t seed) : random_(small_random{seed}()) {}

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

fleet::campaign_plan random_plan(draw& from, std::optional<std::size_t> hosts) {
  REQUIRE(hosts.value_or(1) > 0);
  const auto hosts_drawn = 1 + from.below(most_hosts_drawn);
  auto plan = sample_plan(hosts.value_or(hosts_drawn));
  plan.what = from.chance(70) ? task::run : task::retry;
  plan.request.together = from.chance(60);
  plan.abort_on_failure = from.chance(40);
  if (from.chance(20))
    plan.start = {fleet::start_policy::kind::quorum, 1 + from.below(plan.hosts.size()), {}};
  else if (from.chance(20))
    plan.start = {fleet::start_policy::kind::window, 0, seconds(1 + from.below(10))};
  if (from.chance(15))
    plan.timeout = seconds(5 + from.below(60));
  return plan;
}

/// Times between troubles anywhere in the fleet, drawn for a small one.
void crowd_troubles(fleet_scenario& scenario) {
  const auto times = std::max<std::size_t>(1, scenario.plan.hosts.size() / most_hosts_drawn);
  for (auto* between :
       {&scenario.between_cuts, &scenario.between_partitions, &scenario.between_agent_deaths})
    *between /= static_cast<std::int64_t>(times);
}

template <class Value>
void replace(Value& drawn, const std::optional<Value>& given) {
  drawn = given.value_or(drawn);
}

void obey(const given_fleet& given, fleet_scenario& scenario) {
  replace(scenario.losses, given.losses);
  replace(scenario.repeats, given.repeats);
  replace(scenario.hosts.failures, given.failures);
  replace(scenario.between_cuts, given.between_cuts);
  replace(scenario.between_partitions, given.between_partitions);
  replace(scenario.between_agent_deaths, given.between_agent_deaths);
  replace(scenario.between_coordinator_deaths, given.between_coordinator_deaths);
}

} // namespace

fleet::campaign_plan sample_plan(std::size_t hosts) {
  fleet::campaign_plan result;
  auto& request = result.request;
  request.job = "job-1";
  request.server = "server";
  request.port = 5040;
  request.name_space = "lab";
  request.object = "disk.img";
  request.destination = "{host}.img";
  for (std::size_t i = 0; i < hosts; ++i)
    result.hosts.push_back({"host" + std::to_string(i), agent_port});
  return result;
}

fleet_scenario random_fleet(std::uint64_t seed, const given_fleet& given) {
  draw from{seed};
  fleet_scenario result;
  result.seed = seed;
  result.plan = random_plan(from, given.hosts);
  // There and back within the time that an answer is waited for; else no campaign could end.
  result.longest_delay = milliseconds(1 + from.below(from.chance(20) ? 2400 : 400));
  result.losses = from.some(40);
  result.repeats = from.some(40);
  result.in_order = from.chance(60);
  result.between_cuts = from.between(20);
  result.between_agent_deaths = from.between(30);
  result.between_coordinator_deaths = from.between(40);
  result.between_partitions = from.between(30);
  result.hosts.longest_step = seconds(1 + from.below(12));
  result.hosts.failures = from.chance(60) ? 0 : from.up_to(60);
  result.strangers_jobs = from.chance(60) ? 0 : from.up_to(100);
  crowd_troubles(result);
  obey(given, result);
  return result;
}

control_scenario random_connection(std::uint64_t seed, const given_connection& given) {
  draw from{seed};
  control_scenario result;
  result.seed = seed;
  result.breaks = from.some(100);
  result.spoilt = from.some(20);
  result.refusals = from.some(50);
  result.no_answers = from.some(30);
  result.stops = from.some(60);
  result.failures = from.some(80);
  replace(result.breaks, given.breaks);
  replace(result.spoilt, given.spoilt);
  replace(result.refusals, given.refusals);
  replace(result.no_answers, given.no_answers);
  replace(result.stops, given.stops);
  replace(result.failures, given.failures);
  return result;
}

} // namespace fleetcast::protocol::simulation
