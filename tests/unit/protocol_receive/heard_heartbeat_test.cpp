#include "protocol/receive/heard_heartbeat.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace heard_heartbeat_test {
namespace {

constexpr timestamp start = seconds(100);

wire::heartbeat some_heartbeat() {
  wire::heartbeat m;
  m.sent_at = 17;
  m.grtt = milliseconds(5);
  m.group_size = 30;
  m.status_interval = milliseconds(60);
  return m;
}

TEST(HeardHeartbeat, BeforeTheFirstOneNothingIsKnownAndNothingHeard) {
  const heard_heartbeat b;
  EXPECT_FALSE(b);
  EXPECT_TRUE(b.is_deaf(start));
  EXPECT_EQ(b.grtt(), defaults::initial_grtt);
  EXPECT_EQ(b.group_size(), 1U);
  EXPECT_EQ(b.status_interval(), defaults::min_status_interval);
}

TEST(HeardHeartbeat, SetsThePace) {
  heard_heartbeat b;
  b.take(start, some_heartbeat());
  ASSERT_TRUE(b);
  EXPECT_EQ(b->sent_at, 17U);
  EXPECT_EQ(b.at(), start);
  EXPECT_EQ(b.grtt(), milliseconds(5));
  EXPECT_EQ(b.group_size(), 30U);
  EXPECT_EQ(b.status_interval(), milliseconds(60));
}

TEST(HeardHeartbeat, SetsNoPaceBeyondTheBounds) {
  heard_heartbeat b;
  auto m = some_heartbeat();
  m.grtt = duration::zero();
  m.status_interval = duration::zero();
  b.take(start, m);
  EXPECT_EQ(b.grtt(), defaults::min_grtt);
  EXPECT_EQ(b.status_interval(), defaults::min_status_interval);
  m.grtt = seconds(1000);
  m.status_interval = seconds(1000);
  b.take(start, m);
  EXPECT_EQ(b.grtt(), defaults::max_grtt);
  EXPECT_EQ(b.status_interval(), defaults::max_status_interval);
}

TEST(HeardHeartbeat, IsDeafOnceNoneCameForLong) {
  heard_heartbeat b;
  b.take(start, some_heartbeat());
  EXPECT_FALSE(b.is_deaf(start + defaults::deaf_after));
  EXPECT_TRUE(b.is_deaf(start + defaults::deaf_after + duration{1}));
}

TEST(HeardHeartbeat, MeasuresTheGapBetweenTheLastTwoWithinBounds) {
  heard_heartbeat b;
  b.take(start, some_heartbeat());
  EXPECT_EQ(b.gap(), defaults::heartbeat_interval);
  b.take(start + milliseconds(30), some_heartbeat());
  EXPECT_EQ(b.gap(), milliseconds(30));
  b.take(start + milliseconds(31), some_heartbeat());
  EXPECT_EQ(b.gap(), defaults::heartbeat_interval);
  b.take(start + seconds(31), some_heartbeat());
  EXPECT_EQ(b.gap(), defaults::idle_heartbeat_interval);
}

TEST(HeardHeartbeat, ACorrectionChangesWhatItSaidAndNotWhenItCame) {
  heard_heartbeat b;
  b.take(start, some_heartbeat());
  b.take(start + milliseconds(30), some_heartbeat());
  auto m = some_heartbeat();
  m.group_size = 2;
  b.correct(m);
  EXPECT_EQ(b.group_size(), 2U);
  EXPECT_EQ(b.at(), start + milliseconds(30));
  EXPECT_EQ(b.gap(), milliseconds(30));
}

} // namespace
} // namespace heard_heartbeat_test
} // namespace fleetcast::protocol
