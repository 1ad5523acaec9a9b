#include "actors/rate_meter.hpp"
#include "actors/turn_meter.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
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

} // namespace
} // namespace fleetcast::actors
