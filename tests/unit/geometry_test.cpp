#include "protocol/geometry.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace fleetcast::protocol {
namespace geometry_test {
namespace {

constexpr std::uint64_t block = 180'224; // of the default sizes

geometry of(std::uint64_t size) {
  const auto g = geometry::make(size, defaults::symbol_size, defaults::source_symbols);
  EXPECT_TRUE(g) << size;
  return *g;
}

/// Everything that must hold whatever the sizes; for objects of few blocks.
void expect_consistent(const geometry& g) {
  std::uint64_t end = 0;
  for (block_number b = 0; b < g.block_count(); ++b) {
    ASSERT_EQ(g.offset_of(b), end);
    ASSERT_GE(g.size_of(b), 1U);
    ASSERT_LE(g.size_of(b), g.block_size());
    ASSERT_LT(g.source_symbols_of(b), defaults::max_encoding_symbols);
    std::size_t bytes = 0;
    for (std::uint16_t esi = 0; esi < g.source_symbols_of(b); ++esi) {
      ASSERT_GE(g.symbol_bytes(b, esi), 1U);
      ASSERT_LE(g.symbol_bytes(b, esi), g.symbol_size());
      bytes += g.symbol_bytes(b, esi);
    }
    ASSERT_EQ(bytes, g.size_of(b)) << "block " << b;
    if (b + 1 < g.block_count()) {
      ASSERT_EQ(g.size_of(b), g.block_size());
    }
    end += g.size_of(b);
  }
  ASSERT_EQ(end, g.object_size());
}

TEST(Geometry, DefaultBlockIsWholePages) {
  EXPECT_EQ(of(0).block_size(), block);
  EXPECT_EQ(block % 4096, 0U);
}

TEST(Geometry, EmptyObjectHasNoBlock) {
  EXPECT_EQ(of(0).block_count(), 0U);
}

TEST(Geometry, OneByteIsOneShortSymbol) {
  const auto g = of(1);
  EXPECT_EQ(g.block_count(), 1U);
  EXPECT_EQ(g.size_of(0), 1U);
  EXPECT_EQ(g.source_symbols_of(0), 1U);
  EXPECT_EQ(g.symbol_bytes(0, 0), 1U);
}

TEST(Geometry, SizesAroundSymbolAndBlockBordersAddUp) {
  for (const std::uint64_t border :
       {std::uint64_t{1408}, std::uint64_t{1408 * 127}, block, 2 * block, 3 * block + 1408})
    for (const std::uint64_t size : {border - 1, border, border + 1})
      expect_consistent(of(size));
}

TEST(Geometry, SizesJustBeyondABlockStartAnother) {
  EXPECT_EQ(of(block - 1).block_count(), 1U);
  EXPECT_EQ(of(block).block_count(), 1U);
  EXPECT_EQ(of(block + 1).block_count(), 2U);
  EXPECT_EQ(of(block + 1).size_of(1), 1U);
}

TEST(Geometry, EverySmallPartitioningAddsUp) {
  for (std::uint16_t symbol = 1; symbol <= 5; ++symbol)
    for (std::uint16_t k = 1; k <= 5; ++k)
      for (std::uint64_t size = 0; size <= 80; ++size) {
        const auto g = geometry::make(size, symbol, k);
        ASSERT_TRUE(g);
        SCOPED_TRACE(testing::Message() << size << " bytes, " << k << " x " << symbol);
        expect_consistent(*g);
      }
}

TEST(Geometry, LargestBlocksAddUp) {
  const auto g = geometry::make(5'000'000, defaults::max_symbol_size, 254);
  ASSERT_TRUE(g);
  expect_consistent(*g);
  EXPECT_EQ(g->source_symbols_of(0), 254U);
}

TEST(Geometry, OffsetsBeyondFourGigabytesAreExact) {
  const auto g = of(std::uint64_t{5} << 30);
  const auto last = g.block_count() - 1;
  EXPECT_EQ(g.offset_of(last), std::uint64_t{last} * block);
  EXPECT_EQ(g.offset_of(last) + g.size_of(last), g.object_size());
}

TEST(Geometry, ImpossibleSizesAreRefused) {
  EXPECT_FALSE(geometry::make(1, 0, 128));
  EXPECT_FALSE(geometry::make(1, 1408, 0));
  EXPECT_TRUE(geometry::make(1, defaults::max_symbol_size, 254));
  EXPECT_FALSE(geometry::make(1, defaults::max_symbol_size + 1, 128));
  EXPECT_FALSE(geometry::make(1, 1408, 255));
  EXPECT_FALSE(geometry::make(1, 1408, 0xffff));
}

TEST(Geometry, BlocksAreBoundedByWhatTheyCostTheReceivers) {
  constexpr std::uint64_t most = defaults::max_blocks;
  const auto g = geometry::make(most, 1, 1);
  ASSERT_TRUE(g);
  EXPECT_EQ(g->block_count(), most);
  EXPECT_FALSE(geometry::make(most + 1, 1, 1));
  EXPECT_FALSE(geometry::make(std::numeric_limits<std::uint64_t>::max(), 1408, 128));
  EXPECT_FALSE(geometry::make(std::numeric_limits<std::uint64_t>::max(), 1, 1));
}

TEST(Geometry, StandardBlocksTakeTheLargestImages) {
  constexpr std::uint64_t tebibyte = std::uint64_t{1} << 40U;
  EXPECT_EQ(of(tebibyte).block_count(), 6'100'806U);
  EXPECT_LT(of(10 * tebibyte).block_count(), defaults::max_blocks);
}

} // namespace
} // namespace geometry_test
} // namespace fleetcast::protocol
