#include "protocol/send/lateness_makeup.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace lateness_makeup_test {
namespace {

constexpr bit_rate megabit = 1'000'000;

TEST(LatenessMakeup, ASenderInTimeAimsAtItsRate) {
  lateness_makeup makeup;
  makeup.on_round(95 * megabit, 100 * megabit);
  makeup.on_round(105 * megabit, 100 * megabit);
  EXPECT_EQ(makeup.factor(), 1);
}

TEST(LatenessMakeup, ALateOneReachesItsRate) {
  lateness_makeup makeup;
  constexpr auto wanted = 100 * megabit;
  // Of what it aims at it sends seven tenths.
  const auto sent = [&] { return share_of(wanted, 0.7 * makeup.factor()); };
  for (int round = 0; round < 5; ++round)
    makeup.on_round(sent(), wanted);
  EXPECT_NEAR(static_cast<double>(sent()), static_cast<double>(wanted), 0.01 * wanted);
}

TEST(LatenessMakeup, AimsNoHigherOnceItIsInTime) {
  lateness_makeup makeup;
  makeup.on_round(60 * megabit, 100 * megabit);
  makeup.on_round(167 * megabit, 100 * megabit);
  EXPECT_NEAR(makeup.factor(), 1, 0.01);
}

TEST(LatenessMakeup, AimsAtNoMoreThanTwice) {
  lateness_makeup makeup;
  for (int round = 0; round < 5; ++round)
    makeup.on_round(0, 100 * megabit);
  EXPECT_EQ(makeup.factor(), 2);
}

TEST(LatenessMakeup, IsOverWhenAQueueMayOverflow) {
  lateness_makeup makeup;
  makeup.on_round(60 * megabit, 100 * megabit);
  makeup.reset();
  EXPECT_EQ(makeup.factor(), 1);
}

} // namespace
} // namespace lateness_makeup_test
} // namespace fleetcast::protocol
