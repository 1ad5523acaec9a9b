#include "protocol/receive/replay_guard.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace fleetcast::protocol {
namespace replay_guard_test {
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
  EXPECT_EQ(guard.counts().highest, 9U);
  EXPECT_EQ(guard.counts().received, 5U);
}

TEST(ReplayGuard, AskingChangesNothing) {
  replay_guard guard;
  EXPECT_TRUE(guard.is_new(1000));
  EXPECT_TRUE(guard.is_new(1000));
  EXPECT_EQ(guard.counts().highest, 0U);
  guard.accept(7);
  EXPECT_TRUE(guard.is_new(UINT64_MAX));
  EXPECT_EQ(guard.counts().highest, 7U);
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
  EXPECT_EQ(guard.counts().lost, 0U);
  guard.accept(50);
  EXPECT_EQ(guard.counts().lost, 0U);
  guard.accept(54);
  EXPECT_EQ(guard.counts().lost, 3U);
  guard.accept(52);
  EXPECT_EQ(guard.counts().lost, 2U);
  // One from before the first: joining in the middle of a reordered stream.
  guard.accept(48);
  EXPECT_EQ(guard.counts().lost, 3U);
  guard.accept(49);
  guard.accept(51);
  guard.accept(53);
  EXPECT_EQ(guard.counts().lost, 0U);
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

// -- signed words -------------------------------------------------------------------------------

TEST(ReplayGuard, AnHonestStreamIsSettledAsItIs) {
  replay_guard guard;
  for (std::uint64_t p = 10; p <= 1000; ++p)
    if (p % 10 != 3)
      guard.accept(p);
  EXPECT_TRUE(guard.settle(1000));
  EXPECT_EQ(guard.settled(), guard.counts());
  // What overtook the word stays, and is not in what was settled.
  guard.accept(1005);
  guard.accept(1006);
  EXPECT_TRUE(guard.settle(1003));
  EXPECT_EQ(guard.counts().highest, 1006U);
  EXPECT_EQ(guard.settled(), (packet_counts{1003, 892, 102}));
}

TEST(ReplayGuard, AMadeUpNumberKeepsNothingOutOnceAWordIsSigned) {
  replay_guard guard;
  for (std::uint64_t p = 1; p <= 100; ++p)
    guard.accept(p);
  guard.accept(UINT64_MAX);
  EXPECT_FALSE(guard.is_new(101));
  EXPECT_FALSE(guard.settle(110));
  EXPECT_TRUE(guard.is_new(101));
  EXPECT_EQ(guard.counts().highest, 110U);
  guard.accept(101);
  guard.accept(111);
  EXPECT_FALSE(guard.is_new(111));
}

TEST(ReplayGuard, OneMadeUpBeforeTheFirstGenuineOneIsForgotten) {
  replay_guard guard;
  guard.accept(UINT64_MAX);
  for (std::uint64_t p = 5000; p <= 5100; ++p)
    guard.accept(p);
  EXPECT_FALSE(guard.settle(5100));
  guard.accept(5101);
  EXPECT_EQ(guard.counts().highest, 5101U);
  EXPECT_EQ(guard.counts().lost, 0U);
}

TEST(ReplayGuard, MadeUpNumbersWithinTheWindowAreTakenBack) {
  replay_guard guard;
  for (std::uint64_t p = 1; p <= 5000; ++p)
    guard.accept(p);
  guard.accept(50'000);
  guard.accept(6001);
  EXPECT_FALSE(guard.settle(6000));
  EXPECT_EQ(guard.counts(), (packet_counts{6000, 5000, 1000}));
  EXPECT_TRUE(guard.is_new(6001));
}

TEST(ReplayGuard, NothingCountsThatIsFarAheadOfASignedWordOrBeforeTheFirst) {
  replay_guard guard;
  for (std::uint64_t p = 200'000; p <= 200'100; ++p)
    guard.accept(p);
  ASSERT_TRUE(guard.settle(200'100));
  const auto before = guard.counts();
  guard.accept(200'100 + window / 2 + 1);
  guard.accept(199'999);
  guard.accept(1);
  EXPECT_EQ(guard.counts(), before);
  guard.accept(200'100 + window / 2);
  EXPECT_EQ(guard.counts().received, before.received + 1);
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
      ASSERT_EQ(guard.counts().highest, *seen.rbegin());
      ASSERT_EQ(guard.counts().received, seen.size());
      ASSERT_EQ(guard.counts().lost, *seen.rbegin() - *seen.begin() + 1 - seen.size());
    }
  }
}

} // namespace
} // namespace replay_guard_test
} // namespace fleetcast::protocol
