/// Whole fleets in virtual time: whatever is lost, late, doubled or dies, what the campaign says is true.
/// More of it: tests/schedules.
#include "protocol/simulation/fleet_simulation.hpp"
#include "tests/support/schedules.hpp"

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

/// `hosts` of them and no trouble at all.
fleet_scenario calm(std::size_t hosts) {
  auto result = schedules::large_fleet(1, hosts);
  result.losses = 0;
  result.between_cuts = result.between_agent_deaths = {};
  result.between_partitions = result.between_coordinator_deaths = {};
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
    const auto outcome = fleet_simulation{schedules::random_fleet(seed, 8)}.run();
    ASSERT_EQ(outcome.false_claims, std::vector<std::string>{}) << "seed " << seed;
  }
}

TEST(FleetSimulation, ActivatesAThousandHostsTogetherThroughPartitionsAndDeaths) {
  const auto outcome = fleet_simulation{schedules::large_fleet(1, 1000)}.run();
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

} // namespace
} // namespace fleet_simulation_test
} // namespace fleetcast::protocol::simulation
