#include "actors/io/huge_region.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include <sys/mman.h>

namespace fleetcast::actors::io {
namespace huge_region_test {
namespace {

constexpr std::size_t page = huge_region::small_page;

std::uintptr_t address_of(const huge_region& region) {
  return reinterpret_cast<std::uintptr_t>(region.data());
}

/// Whether the page there is mapped at all.
bool is_mapped(const std::byte* where) {
  unsigned char resident = 0;
  const auto begin = reinterpret_cast<std::uintptr_t>(where) / page * page;
  return ::mincore(reinterpret_cast<void*>(begin), 1, &resident) == 0;
}

TEST(HugeRegion, LiesOnHugePagesAndIsNoLongerThanItMust) {
  auto region = huge_region::map(3 * huge_region::huge_page + 1);
  ASSERT_TRUE(region);
  EXPECT_EQ(address_of(*region) % huge_region::huge_page, 0U);
  EXPECT_EQ(region->size(), 3 * huge_region::huge_page + page);
  EXPECT_EQ(region->data()[region->size() - 1], std::byte{0});
  std::memset(region->data(), 7, region->size());
  EXPECT_EQ(region->data()[region->size() - 1], std::byte{7});
}

TEST(HugeRegion, ASmallOneIsWholeSmallPages) {
  auto region = huge_region::map(page + 1);
  ASSERT_TRUE(region);
  EXPECT_EQ(address_of(*region) % page, 0U);
  EXPECT_EQ(region->size(), 2 * page);
  std::memset(region->data(), 7, region->size());
}

TEST(HugeRegion, GivesItsMemoryBackOnceAlsoAfterMoves) {
  auto first = huge_region::map(huge_region::huge_page);
  ASSERT_TRUE(first);
  const auto* const where = first->data();
  ASSERT_TRUE(is_mapped(where));
  auto second = std::move(*first);
  EXPECT_EQ(first->size(), 0U);
  first.reset();
  EXPECT_TRUE(is_mapped(where));
  {
    auto third = huge_region::map(page);
    ASSERT_TRUE(third);
    *third = std::move(second);
    EXPECT_EQ(third->data(), where);
  }
  EXPECT_FALSE(second.size() > page) << "what third had first";
  EXPECT_FALSE(is_mapped(where));
}

TEST(HugeRegion, SaysWhenThereIsNoSuchMemory) {
  EXPECT_FALSE(huge_region::map(std::numeric_limits<std::size_t>::max()));
  EXPECT_FALSE(huge_region::map(std::size_t{1} << 62U));
}

} // namespace
} // namespace huge_region_test
} // namespace fleetcast::actors::io
