#include "actors/kit/timer.hpp"
#include "actors/observe/rate_meter.hpp"
#include "actors/observe/turn_meter.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace meters_test {
namespace {

using protocol::milliseconds;
using protocol::seconds;
using protocol::timestamp;

constexpr timestamp start = protocol::seconds(1000);

TEST(RateMeter, MeasuresWhatGrowsSteadily) {
  rate_meter rate;
  for (int i = 0; i <= 500; ++i)
    rate.note(start + i * milliseconds(10), static_cast<std::uint64_t>(i) * 10'000);
  EXPECT_EQ(rate.bits_per_second(start + seconds(5), 5'000'000), 8'000'000U);
}

TEST(RateMeter, ForgetsWhatWasBefore) {
  rate_meter rate;
  for (int i = 0; i <= 100; ++i)
    rate.note(start + i * milliseconds(10), static_cast<std::uint64_t>(i) * 10'000);
  for (int i = 100; i <= 500; ++i)
    rate.note(start + i * milliseconds(10), 1'000'000);
  EXPECT_EQ(rate.bits_per_second(start + seconds(5), 1'000'000), 0U);
}

TEST(RateMeter, KnowsNothingOfNothing) {
  rate_meter rate;
  EXPECT_EQ(rate.bits_per_second(start, 1000), 0U);
  rate.note(start, 1000);
  EXPECT_EQ(rate.bits_per_second(start, 1000), 0U) << "no time has passed";
  EXPECT_EQ(rate.bits_per_second(start + seconds(60), 1000), 0U) << "too long ago";
}

TEST(ShareOf, IsInPercent) {
  EXPECT_DOUBLE_EQ(share_of(1, 4), 25.0);
  EXPECT_DOUBLE_EQ(share_of(0, 0), 0.0);
}

TEST(TurnMeter, RemembersTheLongestTimeThatWorkWasLeftLying) {
  turn_meter turns;
  turns.turn(start, true);
  turns.turn(start + milliseconds(3), true);
  turns.turn(start + milliseconds(4), true);
  turns.turn(start + seconds(9), false); // there was nothing to do
  turns.turn(start + seconds(9) + milliseconds(1), true);
  EXPECT_EQ(turns.turns(), 5U);
  EXPECT_EQ(turns.longest_gap(), milliseconds(3));
}

TEST(TicksUnderWay, OneServesAllThatIsDueAfterIt) {
  ticks_under_way ticks;
  EXPECT_TRUE(ticks.need(start + milliseconds(5)));
  EXPECT_FALSE(ticks.need(start + milliseconds(5)));
  EXPECT_FALSE(ticks.need(start + milliseconds(9)));
  EXPECT_FALSE(ticks.need(protocol::never));
  EXPECT_TRUE(ticks.need(start + milliseconds(2)));
  EXPECT_EQ(ticks.due(), start + milliseconds(2));
}

TEST(TicksUnderWay, ALaterOneIsNotForgottenWhenAnEarlierOneCame) {
  ticks_under_way ticks;
  ASSERT_TRUE(ticks.need(start + seconds(20)));
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(ticks.need(start + milliseconds(i)));
    ticks.came(start + milliseconds(i));
    EXPECT_FALSE(ticks.need(start + seconds(20))) << "a second one for the same time";
  }
  ticks.came(start + seconds(20));
  EXPECT_EQ(ticks.due(), protocol::never);
}

TEST(TicksUnderWay, OneThatIsStillToComeIsNotTakenForTheOneThatCame) {
  ticks_under_way ticks;
  ASSERT_TRUE(ticks.need(start + milliseconds(5)));
  ticks.came(start + milliseconds(4));
  EXPECT_FALSE(ticks.need(start + milliseconds(5)));
}

TEST(TicksUnderWay, RememberTheLatest) {
  ticks_under_way ticks;
  ASSERT_TRUE(ticks.need(start + milliseconds(5)));
  ASSERT_TRUE(ticks.need(start + milliseconds(4)));
  ticks.came(start + milliseconds(7)); // both are over; it is the first that was awaited
  EXPECT_EQ(ticks.due(), protocol::never);
  EXPECT_EQ(ticks.latest(), milliseconds(3));
}

} // namespace
} // namespace meters_test
} // namespace fleetcast::actors
