/// Whole fleets in virtual time: whatever is lost, late, doubled or dies, what the campaign says is true.
/// More of it: `fleetcast simulate fleet`.
#include "protocol/simulation/fleet_simulation.hpp"
#include "protocol/simulation/random_troubles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol::simulation {
namespace fleet_simulation_test {
namespace {

std::size_t succeeded(const fleet_outcome& outcome) {
  return static_cast<std::size_t>(
    std::count_if(outcome.view.hosts.begin(), outcome.view.hosts.end(),
                  [](const fleet::host_view& host) { return host.succeeded; }));
}

/// `hosts` of them, which activate together, and no trouble at all.
fleet_scenario calm(std::size_t hosts) {
  fleet_scenario result;
  result.plan = sample_plan(hosts);
  result.plan.request.together = true;
  return result;
}

/// With some partitions and deaths.
fleet_scenario large_fleet(std::size_t hosts) {
  auto result = calm(hosts);
  result.losses = 0.5;
  result.between_cuts = milliseconds(500);
  result.between_agent_deaths = seconds(2);
  result.between_partitions = seconds(1);
  result.between_coordinator_deaths = seconds(45);
  return result;
}

TEST(FleetSimulation, BringsEveryHostTheObject) {
  const auto outcome = fleet_simulation{calm(8)}.run();
  EXPECT_EQ(succeeded(outcome), 8U);
  EXPECT_EQ(outcome.false_claims, std::vector<std::string>{});
}

TEST(FleetSimulation, NeverClaimsWhatIsNotSoWhateverBefallsTheFleet) {
  constexpr std::uint64_t schedules = 4000;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    const auto outcome = fleet_simulation{random_fleet(seed)}.run();
    ASSERT_EQ(outcome.false_claims, std::vector<std::string>{}) << "seed " << seed;
  }
}

TEST(FleetSimulation, ActivatesAThousandHostsTogetherThroughPartitionsAndDeaths) {
  const auto outcome = fleet_simulation{large_fleet(1000)}.run();
  EXPECT_EQ(outcome.false_claims, std::vector<std::string>{});
  EXPECT_GE(succeeded(outcome), 990U);
}

TEST(FleetSimulation, ActivatesNobodyWhenOneFailsAndThatIsAskedFor) {
  auto scenario = calm(8);
  scenario.plan.abort_on_failure = true;
  scenario.hosts.failures = 40;
  std::size_t aborted = 0;
  for (scenario.seed = 1; scenario.seed <= 50; ++scenario.seed) {
    const auto outcome = fleet_simulation{scenario}.run();
    ASSERT_EQ(outcome.false_claims, std::vector<std::string>{}) << "seed " << scenario.seed;
    ASSERT_TRUE(succeeded(outcome) == 0 || succeeded(outcome) == 8) << "seed " << scenario.seed;
    aborted += succeeded(outcome) == 0 ? 1 : 0;
  }
  EXPECT_GT(aborted, 10U);
}

// The judge must be able to find fault.
TEST(FleetSimulation, SaysWhenACampaignDoesNotEnd) {
  auto scenario = calm(2);
  scenario.deadline = seconds(1);
  const auto outcome = fleet_simulation{scenario}.run();
  EXPECT_EQ(outcome.false_claims, std::vector<std::string>{"the campaign does not end"});
}

TEST(FleetSimulation, SaysWhichHostIsFalselySaidToHaveTheObject) {
  auto scenario = calm(2);
  scenario.hosts.lies = 100;
  const auto outcome = fleet_simulation{scenario}.run();
  EXPECT_EQ(outcome.false_claims,
            (std::vector<std::string>{"host0 is said to have the object and has not",
                                      "host1 is said to have the object and has not"}));
}

} // namespace
} // namespace fleet_simulation_test
} // namespace fleetcast::protocol::simulation
