#include "protocol/block_shape.hpp"
#include "protocol/geometry.hpp"
#include "protocol/wire/block_digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol {
namespace block_shape_test {
namespace {

TEST(BlockShape, EverySymbolSizeCutsTheSameBlockAndItsLeaves) {
  EXPECT_EQ(block_size, 180'224U);
  EXPECT_EQ(block_size, 16 * wire::digest_leaf);
  EXPECT_TRUE(std::is_sorted(symbol_sizes.begin(), symbol_sizes.end()));
  for (const auto size : symbol_sizes) {
    SCOPED_TRACE(size);
    EXPECT_EQ(wire::digest_leaf % size, 0U) << "a leaf that is fetched is not whole symbols";
    EXPECT_TRUE(geometry::make(1, size, static_cast<std::uint16_t>(block_size / size)));
  }
}

TEST(BlockShape, TakesTheLargestSymbolsWhosePacketsFit) {
  EXPECT_EQ(shape_for(1500, false), block_shape{});
  EXPECT_EQ(shape_for(1500, true), block_shape{});
  EXPECT_EQ(shape_for(1400, false), (block_shape{1024, 176}));
  EXPECT_EQ(shape_for(4000, false), (block_shape{2816, 64}));
  EXPECT_EQ(shape_for(9000, true), (block_shape{5632, 32}));
  EXPECT_EQ(shape_for(65'536, false), (block_shape{5632, 32}));
}

TEST(BlockShape, CountsTheHeadersOfEachIpVersion) {
  EXPECT_EQ(packet_size(1408, false), 1476U);
  EXPECT_EQ(packet_size(1408, true), 1496U);
  EXPECT_EQ(shape_for(1476, false).symbol_size, 1408U);
  EXPECT_EQ(shape_for(1475, false).symbol_size, 1024U);
  EXPECT_EQ(shape_for(1496, true).symbol_size, 1408U);
  EXPECT_EQ(shape_for(1495, true).symbol_size, 1024U);
}

TEST(BlockShape, IsTheSmallestWhereNothingFits) {
  EXPECT_EQ(shape_for(576, false).symbol_size, 1024U);
  EXPECT_EQ(shape_for(0, true).symbol_size, 1024U);
}

} // namespace
} // namespace block_shape_test
} // namespace fleetcast::protocol
