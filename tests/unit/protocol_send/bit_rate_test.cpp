#include "protocol/send/bit_rate.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace bit_rate_test {
namespace {

TEST(BitRate, BytesTakeEightBitsTimeEachRoundedDown) {
  EXPECT_EQ(time_of(1250, 10'000'000), milliseconds(1));
  EXPECT_EQ(time_of(1, 3'000'000'000), duration{2});
  EXPECT_EQ(time_of(0, 1), duration::zero());
}

TEST(BitRate, AGibibyteAtOneBitASecondTakesItsCenturies) {
  EXPECT_EQ(time_of(std::size_t{1} << 30U, 1), seconds(8LL << 30U));
}

TEST(BitRate, IsBytesOverTheTimeTheyTook) {
  EXPECT_EQ(rate_of(1250, milliseconds(1)), 10'000'000U);
  EXPECT_EQ(rate_of(1, duration::zero()), 8'000'000'000U) << "no time counts as the least there is";
}

TEST(BitRate, AShareIsRoundedDown) {
  EXPECT_EQ(share_of(1000, 0.25), 250U);
  EXPECT_EQ(share_of(3, 0.5), 1U);
}

} // namespace
} // namespace bit_rate_test
} // namespace fleetcast::protocol
