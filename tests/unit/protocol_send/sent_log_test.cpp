#include "protocol/defaults.hpp"
#include "protocol/send/sent_log.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace sent_log_test {
namespace {

TEST(SentLog, KnowsNothingBeforeTheFirst) {
  EXPECT_FALSE(sent_log{}.find(1));
}

/// A report on the last datagram of a batch of 44 would else have no bytes for 43 that it counts.
TEST(SentLog, CountsTheBytesOfThoseThatLeftTogetherInProportion) {
  sent_log log;
  log.add(seconds(1), 1, 100);
  log.add(seconds(1), 2, 100);
  log.add(seconds(2), 3, 100);
  ASSERT_TRUE(log.find(2));
  EXPECT_EQ(log.find(2)->packet, 2U);
  EXPECT_EQ(log.find(2)->at, seconds(1));
  EXPECT_EQ(log.find(2)->bytes, 100U);
  ASSERT_TRUE(log.find(3));
  EXPECT_EQ(log.find(3)->at, seconds(2));
  EXPECT_EQ(log.find(3)->bytes, 200U);
  EXPECT_EQ(log.bytes(), 300U);
  EXPECT_EQ(log.last_packet(), 3U);
}

TEST(SentLog, DoesNotGuessAtWhatIsToCome) {
  sent_log log;
  log.add(seconds(1), 1, 100);
  EXPECT_FALSE(log.find(2));
}

TEST(SentLog, ForgetsTheOldest) {
  sent_log log;
  for (std::uint64_t p = 1; p <= defaults::remembered_departures + 1; ++p)
    log.add(seconds(static_cast<std::int64_t>(p)), p, 1);
  EXPECT_FALSE(log.find(1));
  EXPECT_TRUE(log.find(2));
}

} // namespace
} // namespace sent_log_test
} // namespace fleetcast::protocol
