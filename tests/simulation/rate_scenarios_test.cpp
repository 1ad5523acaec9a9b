/// The rate rule of docs/decisions/0019 over paths and groups drawn by chance. tests/rate runs more of them.
#include "tests/support/rate_scenario.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace fleetcast::protocol::simulation {
namespace {

class RateScenario : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RateScenario, KeepsToTheRule) {
  const auto scenario = sampled_scenario(GetParam(), 1);
  const auto outcome = run(scenario);
  const auto verdict = judge(scenario, outcome);
  EXPECT_TRUE(verdict.intact) << scenario.name;
  EXPECT_LE(verdict.sent, most_sent) << scenario.name;
  EXPECT_LE(verdict.time, longest_time) << scenario.name;
  EXPECT_LE(verdict.worst_second, most_in_a_second) << scenario.name;
}

/// Under the address sanitizer, which makes a run ten times as long, only the narrow links.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t last = 8;
#else
constexpr std::uint64_t last = 30;
#endif

INSTANTIATE_TEST_SUITE_P(Sampled, RateScenario, testing::Range<std::uint64_t>(0, last));

} // namespace
} // namespace fleetcast::protocol::simulation
