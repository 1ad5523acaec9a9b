#include "protocol/position.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fleetcast::protocol {
namespace position_test {
namespace {

interval_set set_of(const std::vector<std::pair<block_number, block_number>>& ranges) {
  interval_set result{64};
  for (const auto& [first, last] : ranges)
    EXPECT_TRUE(result.insert(first, last));
  return result;
}

TEST(Position, IsOrderedByPassThenByBlock) {
  EXPECT_LT((position{0, 9}), (position{1, 0}));
  EXPECT_LT((position{1, 3}), (position{1, 4}));
  EXPECT_EQ((position{2, 5}), (position{2, 5}));
  EXPECT_LT((position{UINT32_MAX, UINT32_MAX - 1}), unlimited);
}

TEST(NextVisit, IsInThisPassAheadAndInTheNextBehind) {
  EXPECT_EQ(next_visit({3, 5}, 5), (position{3, 5}));
  EXPECT_EQ(next_visit({3, 5}, 9), (position{3, 9}));
  EXPECT_EQ(next_visit({3, 5}, 4), (position{4, 4}));
}

TEST(NthOnTheWay, CountsTheBlocksAheadFirst) {
  const auto blocks = set_of({{2, 4}, {10, 12}});
  EXPECT_EQ(nth_on_the_way(blocks, {5, 0}, 0), (position{5, 2}));
  EXPECT_EQ(nth_on_the_way(blocks, {5, 3}, 0), (position{5, 3}));
  EXPECT_EQ(nth_on_the_way(blocks, {5, 3}, 1), (position{5, 10}));
}

TEST(NthOnTheWay, GoesOnInTheNextPassWithTheBlocksBehind) {
  const auto blocks = set_of({{2, 4}, {10, 12}});
  EXPECT_EQ(nth_on_the_way(blocks, {5, 11}, 1), (position{6, 2}));
  EXPECT_EQ(nth_on_the_way(blocks, {5, 11}, 3), (position{6, 10}));
  EXPECT_EQ(nth_on_the_way(blocks, {5, 99}, 0), (position{6, 2}));
}

TEST(NthOnTheWay, IsUnlimitedWhenThereAreNotSoMany) {
  const auto blocks = set_of({{2, 4}, {10, 12}});
  EXPECT_EQ(nth_on_the_way(blocks, {5, 11}, 4), unlimited);
  EXPECT_EQ(nth_on_the_way(blocks, {5, 0}, UINT64_MAX), unlimited);
  EXPECT_EQ(nth_on_the_way(interval_set{1}, {5, 3}, 0), unlimited);
}

TEST(NthOnTheWay, MatchesAWalkOverEverySmallSet) {
  constexpr block_number universe = 7;
  for (unsigned bits = 0; bits < 1U << universe; ++bits) {
    interval_set blocks{universe};
    for (block_number b = 0; b < universe; ++b)
      ASSERT_TRUE(blocks.insert(b, b + (bits >> b & 1)));
    for (block_number from = 0; from <= universe; ++from) {
      std::vector<position> way;
      for (block_number b = from; b < universe; ++b)
        if (blocks.contains(b))
          way.push_back({3, b});
      for (block_number b = 0; b < from; ++b)
        if (blocks.contains(b))
          way.push_back({4, b});
      for (std::size_t n = 0; n <= universe; ++n)
        ASSERT_EQ(nth_on_the_way(blocks, {3, from}, n), n < way.size() ? way[n] : unlimited)
          << "members " << bits << ", from " << from << ", n " << n;
    }
  }
}

} // namespace
} // namespace position_test
} // namespace fleetcast::protocol
