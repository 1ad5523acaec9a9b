/// Both ends of a control connection in virtual time: wherever it breaks, whatever comes, no end is stuck and no receipt
/// is a lie. More of it: `fleetcast simulate session`.
#include "protocol/simulation/control_simulation.hpp"
#include "protocol/simulation/random_troubles.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol::simulation {
namespace control_simulation_test {
namespace {

TEST(ControlSimulation, NoEndIsStuckAndNoReceiptIsALie) {
  constexpr std::uint64_t schedules = 20'000;
  std::size_t complete = 0;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    const auto outcome = control_simulation{random_connection(seed)}.run();
    ASSERT_EQ(outcome.faults, std::vector<std::string>{}) << "seed " << seed;
    complete += outcome.client_knows ? 1 : 0;
  }
  EXPECT_GT(complete, schedules / 10);
}

// A third and two thirds of all connections break, and none.
TEST(ControlSimulation, LosesAReceiptOnlyWithItsConnection) {
  for (const double breaks : {0.0, 33.0, 66.0}) {
    std::size_t told = 0;
    std::size_t arrived = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
      control_scenario scenario;
      scenario.seed = seed;
      scenario.breaks = breaks;
      const auto outcome = control_simulation{scenario}.run();
      ASSERT_EQ(outcome.faults, std::vector<std::string>{}) << "seed " << seed;
      told += outcome.client_knows ? 1 : 0;
      arrived += outcome.receipt_arrived ? 1 : 0;
    }
    EXPECT_LE(told, arrived);
    EXPECT_TRUE(told == arrived || breaks > 0);
    EXPECT_GT(told, 200U) << breaks << " % break";
  }
}

// The judge must be able to find fault.
TEST(ControlSimulation, SaysWhenAReceiptIsNotedAndLost) {
  control_scenario scenario;
  scenario.lies = 100;
  const auto outcome = control_simulation{scenario}.run();
  ASSERT_TRUE(outcome.client_knows);
  EXPECT_NE(std::find(outcome.faults.begin(), outcome.faults.end(),
                      "the client was told of a receipt that never arrived"),
            outcome.faults.end());
}

} // namespace
} // namespace control_simulation_test
} // namespace fleetcast::protocol::simulation
