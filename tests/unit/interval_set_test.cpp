#include "protocol/interval_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace fleetcast::protocol {
namespace interval_set_test {
namespace {

using value = interval_set::value_type;
using interval = interval_set::interval;

constexpr value most = std::numeric_limits<value>::max();

std::vector<interval> intervals_of(const interval_set& set) {
  return {set.begin(), set.end()};
}

/// The same set, one member at a time.
class model {
public:
  void insert(value first, value last) {
    for (value v = first; v < last; ++v)
      members_.insert(v);
  }

  void erase(value first, value last) {
    for (value v = first; v < last; ++v)
      members_.erase(v);
  }

  std::vector<interval> intervals() const {
    std::vector<interval> result;
    for (const auto v : members_) {
      if (!result.empty() && result.back().last == v)
        ++result.back().last;
      else
        result.push_back({v, v + 1});
    }
    return result;
  }

  const std::set<value>& members() const { return members_; }

private:
  std::set<value> members_;
};

/// Every question about every member below `universe` is answered as the model does.
void expect_same(const interval_set& set, const model& expected, value universe) {
  ASSERT_TRUE(set.validate());
  ASSERT_EQ(intervals_of(set), expected.intervals());
  const auto& members = expected.members();
  ASSERT_EQ(set.size(), members.size());
  ASSERT_EQ(set.empty(), members.empty());
  for (value v = 0; v <= universe; ++v) {
    const auto at = members.lower_bound(v);
    ASSERT_EQ(set.contains(v), members.contains(v)) << v;
    ASSERT_EQ(set.next(v), at == members.end() ? std::nullopt : std::optional{*at}) << v;
    ASSERT_EQ(set.count_below(v), static_cast<std::size_t>(std::distance(members.begin(), at)))
      << v;
    auto gap = v;
    while (members.contains(gap))
      ++gap;
    ASSERT_EQ(set.next_gap(v), gap) << v;
    for (value last = v; last <= universe; ++last)
      ASSERT_EQ(set.contains(v, last), gap >= last) << v << " to " << last;
    std::uint64_t n = 0;
    for (auto i = at; i != members.end(); ++i, ++n)
      ASSERT_EQ(set.nth(v, n), *i) << n << " from " << v;
    ASSERT_EQ(set.nth(v, n), std::nullopt) << n << " from " << v;
  }
}

TEST(IntervalSet, EmptyOneHasNothing) {
  expect_same(interval_set{4}, model{}, 5);
}

TEST(IntervalSet, EveryInsertionAndRemovalOnEverySmallSetMatchesAModel) {
  constexpr value universe = 7;
  for (unsigned bits = 0; bits < 1U << universe; ++bits)
    for (value first = 0; first <= universe; ++first)
      for (value last = 0; last <= universe; ++last) {
        interval_set inserted{universe};
        model expected;
        for (value v = 0; v < universe; ++v)
          if ((bits >> v & 1) != 0) {
            ASSERT_TRUE(inserted.insert(v, v + 1));
            expected.insert(v, v + 1);
          }
        auto erased = inserted;
        auto expected_erased = expected;
        SCOPED_TRACE(testing::Message() << "members " << bits << ", " << first << " to " << last);
        ASSERT_TRUE(inserted.insert(first, last));
        expected.insert(first, last);
        ASSERT_NO_FATAL_FAILURE(expect_same(inserted, expected, universe));
        erased.erase(first, last);
        expected_erased.erase(first, last);
        ASSERT_NO_FATAL_FAILURE(expect_same(erased, expected_erased, universe));
      }
}

TEST(IntervalSet, LongRandomHistoriesMatchAModel) {
  constexpr value universe = 60;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    interval_set set{universe};
    model expected;
    for (int step = 0; step < 100; ++step) {
      const auto first = static_cast<value>(random() % universe);
      const auto last = static_cast<value>(first + random() % 12);
      if (random() % 2 == 0) {
        ASSERT_TRUE(set.insert(first, last));
        expected.insert(first, last);
      } else {
        set.erase(first, last);
        expected.erase(first, last);
      }
      ASSERT_NO_FATAL_FAILURE(expect_same(set, expected, universe + 12));
    }
  }
}

TEST(IntervalSet, AtItsCapRefusesAnotherIntervalAndChangesNothing) {
  interval_set set{2};
  ASSERT_TRUE(set.insert(10, 20));
  ASSERT_TRUE(set.insert(30, 40));
  EXPECT_TRUE(set.full());
  for (const auto& i : {interval{0, 5}, interval{21, 29}, interval{41, 50}}) {
    EXPECT_FALSE(set.insert(i.first, i.last));
    EXPECT_EQ(intervals_of(set), (std::vector<interval>{{10, 20}, {30, 40}}));
    EXPECT_EQ(set.size(), 20U);
    EXPECT_TRUE(set.validate());
  }
}

TEST(IntervalSet, AtItsCapStillTakesWhatMergesOrIsNothing) {
  interval_set set{2};
  ASSERT_TRUE(set.insert(10, 20));
  ASSERT_TRUE(set.insert(30, 40));
  EXPECT_TRUE(set.insert(25, 25));
  EXPECT_TRUE(set.insert(12, 15));
  EXPECT_TRUE(set.insert(20, 22));
  EXPECT_TRUE(set.insert(28, 30));
  EXPECT_EQ(intervals_of(set), (std::vector<interval>{{10, 22}, {28, 40}}));
  EXPECT_TRUE(set.insert(22, 28));
  EXPECT_EQ(intervals_of(set), (std::vector<interval>{{10, 40}}));
  EXPECT_FALSE(set.full());
  EXPECT_TRUE(set.insert(50, 60));
  EXPECT_TRUE(set.validate());
}

TEST(IntervalSet, ARaisedCapTakesMore) {
  interval_set set{1};
  ASSERT_TRUE(set.insert(0, 10));
  EXPECT_EQ(set.room(), 0U);
  set.raise_cap(2);
  EXPECT_EQ(set.room(), 2U);
  EXPECT_TRUE(set.insert(20, 21));
  EXPECT_TRUE(set.insert(30, 31));
  EXPECT_TRUE(set.full());
  set.raise_cap(std::numeric_limits<std::size_t>::max());
  EXPECT_TRUE(set.insert(40, 41));
}

TEST(IntervalSet, WhereARemovalSplitBeyondTheCapThereIsNoRoom) {
  interval_set set{1};
  ASSERT_TRUE(set.insert(0, 10));
  set.erase(4, 6);
  EXPECT_EQ(set.room(), 0U);
}

TEST(IntervalSet, RemovalInTheMiddleIsNeverRefused) {
  interval_set set{1};
  ASSERT_TRUE(set.insert(0, 10));
  set.erase(4, 6);
  EXPECT_EQ(intervals_of(set), (std::vector<interval>{{0, 4}, {6, 10}}));
  EXPECT_TRUE(set.full());
  EXPECT_FALSE(set.insert(20, 21));
  EXPECT_TRUE(set.insert(4, 6));
  EXPECT_EQ(intervals_of(set).size(), 1U);
  EXPECT_TRUE(set.validate());
}

TEST(IntervalSet, WithoutRoomForAnyTakesNothing) {
  interval_set set{0};
  EXPECT_FALSE(set.insert(1, 2));
  EXPECT_TRUE(set.insert(2, 2));
  EXPECT_TRUE(set.empty());
}

TEST(IntervalSet, IsEmptyOnceCleared) {
  interval_set set{4};
  ASSERT_TRUE(set.insert(3, 9));
  set.clear();
  expect_same(set, model{}, 10);
  ASSERT_TRUE(set.insert(1, 3));
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.validate());
}

TEST(IntervalSet, HoldsAllBlockNumbersThereCanBe) {
  interval_set set{4};
  ASSERT_TRUE(set.insert(0, most));
  EXPECT_EQ(set.size(), most);
  EXPECT_TRUE(set.contains(0, most));
  EXPECT_FALSE(set.contains(most));
  EXPECT_EQ(set.next_gap(0), most);
  EXPECT_EQ(set.next(most), std::nullopt);
  EXPECT_EQ(set.nth(0, most - 1), most - 1);
  EXPECT_EQ(set.nth(0, most), std::nullopt);
  EXPECT_EQ(set.count_below(most), most);
  set.erase(1, most - 1);
  EXPECT_EQ(intervals_of(set), (std::vector<interval>{{0, 1}, {most - 1, most}}));
  EXPECT_EQ(set.next(1), most - 1);
  set.erase(0, most);
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.validate());
}

} // namespace
} // namespace interval_set_test
} // namespace fleetcast::protocol
