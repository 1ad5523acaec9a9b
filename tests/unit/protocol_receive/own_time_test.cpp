#include "protocol/receive/own_time.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace own_time_test {
namespace {

constexpr timestamp start = seconds(100);

TEST(OwnTime, IsRealTimeWhileTurnsComeInTime) {
  own_time time{start};
  auto now = start;
  for (int i = 0; i < 100; ++i) {
    now += defaults::max_own_gap;
    time.turn(now);
  }
  EXPECT_EQ(time.now(), now);
}

TEST(OwnTime, LeavesOutWhatItSlept) {
  own_time time{start};
  time.turn(start + milliseconds(300));
  time.turn(start + milliseconds(300) + seconds(45));
  EXPECT_EQ(time.now(), start + milliseconds(300));
  time.turn(start + milliseconds(700) + seconds(45));
  EXPECT_EQ(time.now(), start + milliseconds(700)) << "awake again";
}

TEST(OwnTime, WantsATurnWithinASecondHoweverManyDatagramsCome) {
  own_time time{start};
  auto now = start;
  for (int i = 0; i < 40; ++i)
    time.turn(now += milliseconds(10));
  EXPECT_LE(time.next_turn(never), start + seconds(1)) << "datagrams put it off";
  time.timed_turn(now);
  EXPECT_GT(time.next_turn(never), now);
  EXPECT_LE(time.next_turn(never), now + defaults::max_own_gap) << "a turn in time is a gap";
}

TEST(OwnTime, WantsATurnAtAMomentOfItsOwnTimeThatIsNear) {
  own_time time{start};
  time.timed_turn(start + seconds(45));
  EXPECT_EQ(time.next_turn(start + milliseconds(200)), start + seconds(45) + milliseconds(200));
  EXPECT_EQ(time.next_turn(start + seconds(20)), time.next_turn(never));
}

} // namespace
} // namespace own_time_test
} // namespace fleetcast::protocol
