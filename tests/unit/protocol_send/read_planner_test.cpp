#include "protocol/require.hpp"
#include "protocol/send/read_planner.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace fleetcast::protocol {
namespace read_planner_test {
namespace {

using blocks = std::vector<block_number>;

constexpr auto ahead = static_cast<block_number>(read_planner::most_ahead);

blocks counting(block_number first, block_number end) {
  blocks result;
  for (auto b = first; b < end; ++b)
    result.push_back(b);
  return result;
}

/// A planner, its cache and what it plans for.
struct reader {
  explicit reader(std::size_t places) : cache(places), planner(cache, places) {}

  void want(block_number first, block_number end) { EXPECT_TRUE(schedule.insert(first, end)); }

  blocks plan() {
    auto result = planner.plan(schedule, next, repairs);
    EXPECT_TRUE(cache.validate());
    return result;
  }

  /// What it plans now is read at once.
  blocks read() {
    auto result = plan();
    finish(result);
    return result;
  }

  void finish(const blocks& reads) {
    for (const auto b : reads)
      cache.put(b, std::make_shared<std::byte>());
  }

  /// The walk comes to the next block and starts it.
  void start_next() {
    next = schedule.next(next).value();
    schedule.erase(next, next + 1);
    ++next;
  }

  block_cache cache;
  read_planner planner;
  interval_set schedule{100};
  block_number next = 0;
  std::deque<block_number> repairs;
};

TEST(ReadPlanner, ReadsTwoRunsAheadAndEachBlockOnce) {
  reader r{ahead + 8};
  r.want(0, 100);
  const auto first = r.plan();
  EXPECT_EQ(first, counting(0, ahead));
  EXPECT_TRUE(r.plan().empty()) << "they are being read";
  r.finish(first);
  EXPECT_TRUE(r.plan().empty()) << "they were read";
  r.start_next();
  EXPECT_EQ(r.plan(), blocks{ahead});
}

TEST(ReadPlanner, PassesOverWhatIsNotSentWhole) {
  reader r{ahead + 8};
  r.want(5, 8);
  r.want(50, 52);
  EXPECT_EQ(r.plan(), (blocks{5, 6, 7, 50, 51}));
}

TEST(ReadPlanner, GoesOnFromTheBeginningWhereTheWalkEnds) {
  reader r{ahead + 8};
  r.want(0, 3);
  r.next = 10;
  EXPECT_EQ(r.plan(), counting(0, 3));
}

TEST(ReadPlanner, WhatIsReadAheadStaysHoweverManyRepairsAreRead) {
  reader r{ahead + 1};
  r.want(0, ahead);
  r.read();
  for (block_number b = 200; b < 220; ++b) {
    r.repairs = {b};
    EXPECT_EQ(r.read(), blocks{b});
  }
  for (block_number b = 0; b < ahead; ++b)
    EXPECT_TRUE(r.cache.holds(b)) << b;
}

TEST(ReadPlanner, WhatWasReadAheadGivesWayToNearerBlocks) {
  reader r{ahead + 1};
  r.want(1000, 1000 + ahead);
  EXPECT_EQ(r.read(), counting(1000, 1000 + ahead));
  r.want(0, ahead);
  EXPECT_EQ(r.read(), counting(0, ahead));
  for (block_number b = 0; b < ahead; ++b)
    EXPECT_TRUE(r.cache.holds(b)) << b;
}

TEST(ReadPlanner, ReadsNoRepairsWhileNearerBlocksFindNoPlace) {
  reader r{ahead + 1};
  r.want(1000, 1000 + ahead);
  const auto slow = r.plan();
  r.want(0, ahead);
  r.repairs = {500};
  EXPECT_EQ(r.plan(), blocks{0}) << "what is being read keeps its place";
  r.finish(slow);
  auto expected = counting(1, ahead);
  expected.push_back(500);
  EXPECT_EQ(r.plan(), expected);
}

TEST(ReadPlanner, ReadsAsManyRepairsAsFitBesideWhatIsReadAhead) {
  reader r{ahead + 8};
  r.want(0, ahead);
  r.read();
  for (block_number b = 200; b < 220; ++b)
    r.repairs.push_back(b);
  EXPECT_EQ(r.read(), counting(200, 208));
  EXPECT_TRUE(r.plan().empty()) << "one that waits displaces none before it";
  r.repairs.pop_front();
  EXPECT_EQ(r.plan(), blocks{208});
  EXPECT_FALSE(r.cache.knows(200));
  EXPECT_TRUE(r.cache.holds(201));
}

TEST(ReadPlanner, ReadsNoMoreForRepairsThanAhead) {
  reader r{3 * ahead};
  for (block_number b = 0; b < 2 * ahead; ++b)
    r.repairs.push_back(b);
  EXPECT_EQ(r.plan(), counting(0, ahead));
}

TEST(ReadPlanner, ABlockThatIsReadAheadIsNotReadForItsRepairsToo) {
  reader r{ahead + 8};
  r.want(0, ahead);
  r.repairs = {3, 200};
  auto expected = counting(0, ahead);
  expected.push_back(200);
  EXPECT_EQ(r.plan(), expected);
}

TEST(ReadPlanner, RefusesACacheWithoutAPlaceForRepairs) {
  EXPECT_NO_THROW(reader{ahead + 1});
  EXPECT_THROW(reader{ahead}, broken_promise);
}

} // namespace
} // namespace read_planner_test
} // namespace fleetcast::protocol
