#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

namespace fleetcast::protocol {
namespace sender_content_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::counting;
using sender_fixture::k;
using sender_fixture::repaired;
using sender_fixture::repairs;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, AsksForEachBlockOnceAndNoFurtherAheadThanTwoRuns) {
  talker t{300};
  t.join(alice);
  for (int step = 0; step < 2000; ++step) {
    t.take(3);
    const auto next = t.machine.next_position().block;
    for (const auto& [block, times] : t.times_read) {
      ASSERT_EQ(times, 1) << "block " << block;
      ASSERT_LT(block, next + 2 * defaults::manifest_run) << "while at " << next;
    }
    t.now += microseconds(100);
  }
  EXPECT_EQ(t.times_read.size(), 300U);
}

TEST(Sender, AsksForNoMoreThanItsCacheHoldsWhileTheDiskIsSlow) {
  talker t{300};
  t.disk_is_stuck = true;
  t.join(alice);
  for (int i = 0; i < 20; ++i)
    t.run(milliseconds(5));
  EXPECT_EQ(t.asked.size(), 2 * defaults::manifest_run);
  EXPECT_GT(t.machine.statistics().read_stalls, 0U);
  t.disk_is_stuck = false;
  EXPECT_EQ(blocks_of(t.run(seconds(1))), counting(0, 300));
}

TEST(Sender, GoesOnAsSoonAsTheNextRunWasRead) {
  talker t{64};
  t.disk_is_stuck = true;
  t.join(alice);
  EXPECT_TRUE(blocks_of(t.run(milliseconds(10))).empty());
  for (std::size_t i = 0; i + 1 < defaults::manifest_run; ++i) {
    const auto block = t.asked.front();
    t.asked.pop_front();
    t.machine.on_block(block, t.object.block(block), t.object.digest_of(block));
  }
  EXPECT_TRUE(blocks_of(t.run(milliseconds(10))).empty()) << "the manifest lacks a digest";
  const auto last = t.asked.front();
  t.asked.pop_front();
  t.machine.on_block(last, t.object.block(last), t.object.digest_of(last));
  EXPECT_EQ(blocks_of(t.run(milliseconds(20))), counting(0, defaults::manifest_run));
}

TEST(Sender, ReadsAheadAcrossTheTurnOfAPass) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_wanted({{0, 3}}));
  t.read();
  EXPECT_EQ(t.asked, (std::deque<block_number>{0, 1, 2}));
}

TEST(Sender, NoticesThatTheObjectChanged) {
  talker t{8};
  t.disk_is_stuck = true;
  t.join(alice);
  t.read();
  const auto digest = t.object.digest_of(3);
  EXPECT_FALSE(t.machine.on_block(3, t.object.block(3), digest));
  EXPECT_FALSE(t.machine.on_block(3, t.object.block(3), digest));
  const auto changed = t.machine.on_block(3, t.object.block(4), t.object.digest_of(4));
  EXPECT_EQ(changed.code, failure_code::object_changed);
  EXPECT_NE(changed.text.find("block 3"), std::string::npos);
}

TEST(Sender, ReadsABlockAgainThatARepairNeedsAndItsCacheLost) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  ASSERT_TRUE(t.hear_repairs({{0, 2}}));
  const auto all = t.run(milliseconds(20));
  EXPECT_EQ(t.times_read[0], 2);
  EXPECT_EQ(repaired(all, 0), (std::vector<symbol_id>{k, k + 1}));
}

TEST(Sender, DoesNotReadOverAndOverWhenManyBlocksNeedRepair) {
  talker t{400};
  t.join(alice);
  t.run(seconds(1));
  t.times_read.clear();
  for (block_number first = 0; first < 300; first += 50) {
    repairs r;
    for (block_number b = first; b < first + 50; ++b)
      r.push_back({b, 1});
    ASSERT_TRUE(t.hear_repairs(r));
  }
  std::size_t served = 0;
  for (const auto& s : t.run(seconds(1)))
    served += s.type() == datagram_type::repair ? 1U : 0U;
  EXPECT_EQ(served, 300U);
  int reads = 0;
  for (const auto& [block, times] : t.times_read)
    reads += times;
  EXPECT_LE(reads, 300);
}

TEST(Sender, RepairsThatWaitForTheDiskHoldUpNoOthersAndGoOnceTheyWereRead) {
  talker t{300};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  ASSERT_TRUE(t.hear_repairs({{0, 1}, {1, 1}, {298, 1}}));
  auto all = t.run(milliseconds(20));
  EXPECT_TRUE(repaired(all, 0).empty());
  EXPECT_EQ(repaired(all, 298).size(), 1U);
  ASSERT_EQ(t.asked, (std::deque<block_number>{0, 1}));
  // The second one comes first, and one that needs no read is asked for meanwhile.
  t.asked.pop_front();
  t.finish_reads();
  ASSERT_TRUE(t.hear_repairs({{299, 1}}));
  all = t.run(milliseconds(20));
  EXPECT_TRUE(repaired(all, 0).empty());
  EXPECT_EQ(repaired(all, 1).size(), 1U);
  EXPECT_EQ(repaired(all, 299).size(), 1U);
  EXPECT_FALSE(t.machine.on_block(0, t.object.block(0), t.object.digest_of(0)));
  EXPECT_EQ(repaired(t.run(milliseconds(20)), 0).size(), 1U);
}

TEST(Sender, BlocksReadAheadDoNotLockOutNearerOnes) {
  // Nothing may be started: the window is shut. Each wish lies before the one read ahead for.
  talker t{2000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(seconds(10));
  t.join(bob, 0);
  auto shut = t.feedback();
  shut.limit = {0, 0};
  shut.completed_blocks = 1;
  auto wish = shut;
  for (const block_number first : {1900U, 1500U, 1000U, 500U, 100U, 50U}) {
    wish.wanted = {{first, 32}};
    t.hear(wish, bob);
    t.run(milliseconds(10));
  }
  t.machine.remove_receiver(t.now, bob);
  const auto blocks = blocks_of(t.run(seconds(2)));
  EXPECT_EQ((std::set<block_number>{blocks.begin(), blocks.end()}).size(), 6 * 32U);
}

} // namespace
} // namespace sender_content_test
} // namespace fleetcast::protocol
