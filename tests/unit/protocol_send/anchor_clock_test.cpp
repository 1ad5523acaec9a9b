#include "protocol/send/anchor_clock.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace anchor_clock_test {
namespace {

constexpr timestamp start = seconds(100);

class AnchorClock : public testing::Test {
protected:
  AnchorClock() { clock.on_signed(start, 1000, 3); }

  bool is_due(duration after, std::uint64_t packet = 1001, std::uint32_t pass = 3,
              bool critical = false) const {
    return clock.is_due(start + after, packet, pass, critical);
  }

  anchor_clock clock;
};

TEST(AnchorClockAtFirst, IsDue) {
  EXPECT_TRUE(anchor_clock{}.is_due(start, 1, 0, false));
}

TEST_F(AnchorClock, GoesByTime) {
  EXPECT_FALSE(is_due(defaults::anchor_interval - duration{1}));
  EXPECT_TRUE(is_due(defaults::anchor_interval));
}

TEST_F(AnchorClock, GoesFasterWhereHeartbeatsDecide) {
  EXPECT_FALSE(is_due(defaults::short_anchor_interval - duration{1}, 1001, 3, true));
  EXPECT_TRUE(is_due(defaults::short_anchor_interval, 1001, 3, true));
}

TEST_F(AnchorClock, GoesByPackets) {
  EXPECT_FALSE(is_due(milliseconds(1), 1000 + defaults::packets_per_anchor - 1));
  EXPECT_TRUE(is_due(milliseconds(1), 1000 + defaults::packets_per_anchor));
}

TEST_F(AnchorClock, MarksEachPass) {
  EXPECT_TRUE(is_due(milliseconds(1), 1001, 4));
}

TEST_F(AnchorClock, IsHastenedForANewcomerButNotForEachOfAThousand) {
  clock.hasten();
  EXPECT_FALSE(is_due(milliseconds(1)));
  EXPECT_TRUE(is_due(defaults::short_anchor_interval));
  clock.on_signed(start, 1000, 3);
  EXPECT_FALSE(is_due(defaults::short_anchor_interval));
}

} // namespace
} // namespace anchor_clock_test
} // namespace fleetcast::protocol
