#include "protocol/send/recent_starts.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace recent_starts_test {
namespace {

using blocks = std::vector<block_number>;

TEST(RecentStarts, TellsWhatBeganAfterAPacket) {
  recent_starts s;
  s.add(4, 10);
  s.add(7, 20);
  EXPECT_TRUE(s.is_after(9, 4));
  EXPECT_FALSE(s.is_after(10, 4)) << "its author has seen the beginning";
  EXPECT_TRUE(s.is_after(10, 7));
  EXPECT_FALSE(s.is_after(9, 5)) << "never begun";
}

TEST(RecentStarts, OfABlockThatBeganTwiceTheLaterTimeCounts) {
  recent_starts s;
  s.add(4, 10);
  s.add(4, 30);
  EXPECT_TRUE(s.is_after(20, 4));
}

TEST(RecentStarts, NamesTheBlocksOfARangeInTheOrderTheyBegan) {
  recent_starts s;
  s.add(9, 1);
  s.add(3, 11);
  s.add(5, 12);
  s.add(4, 13);
  s.add(2, 14);
  EXPECT_EQ(s.all_after(10, 3, 5), (blocks{3, 4}));
  EXPECT_EQ(s.all_after(11, 0, 10), (blocks{5, 4, 2}));
  EXPECT_EQ(s.all_after(14, 0, 10), blocks{});
}

TEST(RecentStarts, ForgetsTheOldestBeyondItsBound) {
  recent_starts s;
  for (std::uint32_t i = 0; i <= defaults::remembered_blocks; ++i)
    s.add(i, 100 + i);
  EXPECT_FALSE(s.is_after(0, 0));
  EXPECT_TRUE(s.is_after(0, 1));
  EXPECT_EQ(s.all_after(0, 0, 100'000).size(), defaults::remembered_blocks);
}

} // namespace
} // namespace recent_starts_test
} // namespace fleetcast::protocol
