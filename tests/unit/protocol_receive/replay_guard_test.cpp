#include "protocol/receive/replay_guard.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace fleetcast::protocol {
namespace {

constexpr std::uint64_t window = defaults::replay_window;

TEST(ReplayGuard, TakesEachPacketOnceInAnyOrder) {
  replay_guard guard;
  for (const std::uint64_t packet : {5, 3, 9, 4, 1}) {
    ASSERT_TRUE(guard.is_new(packet));
    guard.accept(packet);
    EXPECT_FALSE(guard.is_new(packet));
  }
  for (const std::uint64_t packet : {5, 3, 9, 4, 1})
    EXPECT_FALSE(guard.is_new(packet)) << packet;
  EXPECT_TRUE(guard.is_new(2));
  EXPECT_EQ(guard.highest(), 9U);
  EXPECT_EQ(guard.received(), 5U);
}

TEST(ReplayGuard, AskingChangesNothing) {
  replay_guard guard;
  EXPECT_TRUE(guard.is_new(1000));
  EXPECT_TRUE(guard.is_new(1000));
  EXPECT_EQ(guard.highest(), 0U);
  guard.accept(7);
  EXPECT_TRUE(guard.is_new(UINT64_MAX));
  EXPECT_EQ(guard.highest(), 7U);
  EXPECT_TRUE(guard.is_new(8));
}

TEST(ReplayGuard, WhatIsTooOldToTellCountsAsReplayed) {
  replay_guard guard;
  guard.accept(window * 3);
  EXPECT_TRUE(guard.is_new(window * 2 + 1));
  EXPECT_FALSE(guard.is_new(window * 2));
  EXPECT_FALSE(guard.is_new(0));
}

TEST(ReplayGuard, RemembersAcrossTheWholeWindow) {
  replay_guard guard;
  guard.accept(100);
  guard.accept(100 + window - 1);
  EXPECT_FALSE(guard.is_new(100));
  EXPECT_TRUE(guard.is_new(101));
  // 100's bit is now that of 100 + window: it must read as new.
  EXPECT_TRUE(guard.is_new(100 + window));
  guard.accept(100 + window);
  EXPECT_FALSE(guard.is_new(100));
}

TEST(ReplayGuard, AFarJumpForgetsEverythingBehind) {
  replay_guard guard;
  for (std::uint64_t p = 1; p <= 200; ++p)
    guard.accept(p);
  guard.accept(200 + 10 * window);
  for (std::uint64_t p = 200 + 9 * window + 1; p < 200 + 10 * window; ++p)
    ASSERT_TRUE(guard.is_new(p)) << p;
}

TEST(ReplayGuard, CountsTheGapsAsLostUntilTheyAreFilled) {
  replay_guard guard;
  EXPECT_EQ(guard.lost(), 0U);
  guard.accept(50);
  EXPECT_EQ(guard.lost(), 0U);
  guard.accept(54);
  EXPECT_EQ(guard.lost(), 3U);
  guard.accept(52);
  EXPECT_EQ(guard.lost(), 2U);
  // One from before the first: joining in the middle of a reordered stream.
  guard.accept(48);
  EXPECT_EQ(guard.lost(), 3U);
  guard.accept(49);
  guard.accept(51);
  guard.accept(53);
  EXPECT_EQ(guard.lost(), 0U);
}

TEST(ReplayGuard, PacketZeroAndTheLastPacketAreOrdinary) {
  replay_guard guard;
  guard.accept(0);
  EXPECT_FALSE(guard.is_new(0));
  EXPECT_TRUE(guard.is_new(1));
  replay_guard last;
  last.accept(UINT64_MAX - 1);
  last.accept(UINT64_MAX);
  EXPECT_FALSE(last.is_new(UINT64_MAX));
  EXPECT_FALSE(last.is_new(UINT64_MAX - 1));
  EXPECT_TRUE(last.is_new(UINT64_MAX - 2));
}

TEST(ReplayGuard, RandomArrivalsMatchASet) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random{seed};
    replay_guard guard;
    std::set<std::uint64_t> seen;
    std::uint64_t front = 1000;
    for (int step = 0; step < 20'000; ++step) {
      front += random() % 3;
      if (random() % 5000 == 0)
        front += random() % (2 * window);
      const auto packet = front - std::min(front, random() % 400);
      const auto old = !seen.empty() && packet + window <= *seen.rbegin();
      ASSERT_EQ(guard.is_new(packet), !old && !seen.contains(packet)) << packet;
      if (!guard.is_new(packet))
        continue;
      guard.accept(packet);
      seen.insert(packet);
      ASSERT_EQ(guard.highest(), *seen.rbegin());
      ASSERT_EQ(guard.received(), seen.size());
      ASSERT_EQ(guard.lost(), *seen.rbegin() - *seen.begin() + 1 - seen.size());
    }
  }
}

} // namespace
} // namespace fleetcast::protocol
