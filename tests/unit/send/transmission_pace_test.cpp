#include "actors/serve/transmission_pace.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace fleetcast::actors {
namespace transmission_pace_test {
namespace {

using protocol::rate_policy;

send_options options_of(rate_policy policy, protocol::bit_rate fixed = 0) {
  send_options result;
  result.policy = policy;
  result.fixed_rate = fixed;
  return result;
}

TEST(TransmissionPace, IsWhatTheOptionsSay) {
  transmission_pace pace{options_of(rate_policy::fixed, 8'000'000), nullptr};
  EXPECT_EQ(pace.first()->rate({}), 8'000'000U);
  EXPECT_STREQ(pace.name(), "fixed");
  EXPECT_EQ(pace.words(), "at 8000000 bit/s");
}

TEST(TransmissionPace, FindsTheRateAgainWhenAnOrderTakesTheFixedOneAway) {
  transmission_pace pace{options_of(rate_policy::fixed, 8'000'000), nullptr};
  EXPECT_EQ(pace.fix(0)->rate({}),
            protocol::make_rate_controller(0, rate_policy::adaptive)->rate({}));
  EXPECT_STREQ(pace.name(), "adaptive");
}

TEST(TransmissionPace, KeepsItsPolicyWhenAnOrderSetsARateAndTakesItBack) {
  transmission_pace pace{options_of(rate_policy::tcp_friendly), nullptr};
  EXPECT_EQ(pace.fix(5'000'000)->rate({}), 5'000'000U);
  EXPECT_STREQ(pace.name(), "fixed");
  const auto found = pace.fix(0);
  EXPECT_STREQ(pace.name(), "tcp-friendly");
}

TEST(TransmissionPace, StaysWithinItsPartOfTheBudget) {
  const auto budget = server_budget::make(4'000'000);
  auto lease = budget->acquire();
  ASSERT_TRUE(lease);
  transmission_pace pace{options_of(rate_policy::fixed, 8'000'000),
                         std::make_shared<const budget_lease>(std::move(*lease))};
  const auto controller = pace.first();
  pace.share({});
  EXPECT_LE(controller->rate({}), 4'000'000U);
  const auto another = budget->acquire();
  ASSERT_TRUE(another);
  pace.share({});
  EXPECT_LE(controller->rate({}), 2'000'000U);
}

} // namespace
} // namespace transmission_pace_test
} // namespace fleetcast::actors
