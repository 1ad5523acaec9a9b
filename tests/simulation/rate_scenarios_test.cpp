/// The rate rule of docs/decisions/0019 over paths and groups drawn by chance. tests/rate runs more of them.
#include "tests/support/rate_scenario.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::protocol::simulation {
namespace rate_scenarios_test {
namespace {

struct sample {
  std::uint64_t number;
  std::uint64_t seed;
};

class RateScenario : public testing::TestWithParam<sample> {};

TEST_P(RateScenario, KeepsToTheRule) {
  const auto scenario = sampled_scenario(GetParam().number, GetParam().seed);
  const auto outcome = run(scenario);
  const auto verdict = judge(scenario, outcome);
  EXPECT_TRUE(verdict.intact) << scenario.name;
  EXPECT_LE(verdict.sent, most_sent) << scenario.name;
  EXPECT_LE(verdict.time, longest_time) << scenario.name;
  EXPECT_LE(verdict.worst_second, most_in_a_second) << scenario.name;
}

std::string name_of(const testing::TestParamInfo<sample>& info) {
  return std::to_string(info.param.number) + "_" + std::to_string(info.param.seed);
}

/// Under the address sanitizer, which makes a run ten times as long, only the narrow links.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t last = 8;
#else
constexpr std::uint64_t last = 30;
#endif

std::vector<sample> first_ones() {
  std::vector<sample> result;
  for (std::uint64_t number = 0; number < last; ++number)
    result.push_back({number, 1});
  return result;
}

INSTANTIATE_TEST_SUITE_P(Sampled, RateScenario, testing::ValuesIn(first_ones()), name_of);

/// Outside the bounds once; narrow links, so that they take little time.
INSTANTIATE_TEST_SUITE_P(Missed, RateScenario,
                         testing::Values(sample{1, 2}, sample{2, 3}, sample{53, 1}, sample{86, 1},
                                         sample{86, 2}, sample{86, 7}, sample{119, 3},
                                         sample{136, 3}, sample{146, 2}, sample{189, 8},
                                         sample{191, 1}, sample{207, 3}, sample{265, 2},
                                         sample{272, 1}),
                         name_of);

} // namespace
} // namespace rate_scenarios_test
} // namespace fleetcast::protocol::simulation
