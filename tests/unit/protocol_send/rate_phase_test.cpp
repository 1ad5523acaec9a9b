#include "protocol/send/rate_phase.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace rate_phase_test {
namespace {

TEST(PhaseLog, BeginsWithTheSearch) {
  const phase_log log;
  ASSERT_TRUE(log.find(1));
  EXPECT_EQ(log.find(1)->phase, rate_phase::startup);
}

TEST(PhaseLog, KnowsWhatADatagramLeftIn) {
  phase_log log;
  log.enter(rate_phase::drain, 100);
  log.enter(rate_phase::cruise, 200);
  EXPECT_EQ(log.find(99)->phase, rate_phase::startup);
  EXPECT_EQ(log.find(100)->phase, rate_phase::drain);
  EXPECT_EQ(log.find(199)->phase, rate_phase::drain);
  EXPECT_EQ(log.find(199)->first_packet, 100U);
  EXPECT_EQ(log.find(1000)->phase, rate_phase::cruise);
}

TEST(PhaseLog, ForgetsTheOldest) {
  phase_log log;
  for (std::uint64_t i = 1; i <= 100; ++i)
    log.enter(rate_phase::cruise, 10 * i);
  EXPECT_FALSE(log.find(5));
  EXPECT_TRUE(log.find(995));
}

} // namespace
} // namespace rate_phase_test
} // namespace fleetcast::protocol
