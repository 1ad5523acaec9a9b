#include "protocol/send/blind_allowance.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace blind_allowance_test {
namespace {

TEST(BlindAllowance, EndsBeforeItsLimitSoThatHeartbeatsFit) {
  blind_allowance a;
  a.spend(defaults::blind_bytes - defaults::blind_reserve - 1);
  EXPECT_FALSE(a.exhausted());
  a.spend(1);
  EXPECT_TRUE(a.exhausted());
}

TEST(BlindAllowance, ItsHeartbeatsFollowSoonAndThenRarely) {
  blind_allowance a;
  EXPECT_EQ(a.next_interval(), defaults::heartbeat_interval);
  EXPECT_EQ(a.next_interval(), 2 * defaults::heartbeat_interval);
  for (int i = 0; i < 20; ++i)
    a.next_interval();
  EXPECT_EQ(a.next_interval(), defaults::blind_heartbeat_interval);
}

} // namespace
} // namespace blind_allowance_test
} // namespace fleetcast::protocol
