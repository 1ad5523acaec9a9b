#include "actors/receive/held_ranges.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace fleetcast::actors {
namespace held_ranges_test {
namespace {

using blocks = std::vector<protocol::wire::block_range>;

constexpr std::uint64_t block = 400;
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

/// Of an object of three blocks and a bit.
blocks within(std::vector<byte_range> held) {
  return blocks_within(std::move(held), *protocol::geometry::make(3 * block + 10, 100, 4));
}

TEST(HeldRanges, HoldBlocksOnlyAsAWhole) {
  EXPECT_EQ(within({}), blocks{});
  EXPECT_EQ(within({{0, block - 1}}), blocks{});
  EXPECT_EQ(within({{1, block}}), blocks{});
  EXPECT_EQ(within({{1, 2 * block - 1}}), (blocks{{1, 1}}));
  EXPECT_EQ(within({{0, 2 * block}}), (blocks{{0, 2}}));
}

TEST(HeldRanges, HoldTheLastBlockUpToTheEndOfTheObject) {
  EXPECT_EQ(within({{3 * block, 9}}), blocks{});
  EXPECT_EQ(within({{3 * block, 10}}), (blocks{{3, 1}}));
  EXPECT_EQ(within({{0, most}}), (blocks{{0, 4}}));
}

TEST(HeldRanges, BeyondTheObjectHoldNothing) {
  EXPECT_EQ(within({{3 * block + 10, 100}}), blocks{});
  EXPECT_EQ(within({{most, 1}, {most - 1, most}}), blocks{});
  EXPECT_TRUE(blocks_within({{0, 100}}, *protocol::geometry::make(0, 100, 4)).empty());
}

TEST(HeldRanges, ThatTouchOrOverlapCountAsOne) {
  EXPECT_EQ(within({{200, 200}, {0, 200}}), (blocks{{0, 1}}));
  EXPECT_EQ(within({{0, 500}, {100, 200}, {450, 350}}), (blocks{{0, 2}}));
  EXPECT_EQ(within({{2 * block, block}, {0, block}}), (blocks{{0, 1}, {2, 1}}));
  EXPECT_EQ(within({{0, 399}, {400, 400}}), (blocks{{1, 1}})) << "a byte is lacking";
}

} // namespace
} // namespace held_ranges_test
} // namespace fleetcast::actors
