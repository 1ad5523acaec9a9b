#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fleetcast::protocol {
namespace sender_window_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::counting;
using sender_fixture::heartbeats_of;
using sender_fixture::repaired;
using sender_fixture::repairs;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, StartsNoBlockBeyondWhatAFreshReceiverHolds) {
  talker t{100};
  t.join(alice, 4);
  EXPECT_EQ(blocks_of(t.run(milliseconds(15))), counting(0, 4));
  EXPECT_GT(t.machine.statistics().window_stalls, 0U);
}

TEST(Sender, GoesOnWhenTheReceiverSaysThereIsRoom) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  auto m = t.feedback();
  m.limit = {0, 9};
  t.hear(m);
  EXPECT_EQ(blocks_of(t.run(milliseconds(10))), counting(4, 9));
}

TEST(Sender, TakesSilenceForConsentToWhatItAnnouncedAndNoMore) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  // While she may still be heard nobody else needs to object to more.
  const auto announced = heartbeats_of(t.run(milliseconds(10))).back().edge;
  EXPECT_EQ(announced, (position{0, 4}));
  const auto all = t.run(milliseconds(60));
  const auto blocks = blocks_of(all);
  ASSERT_FALSE(blocks.empty()) << "it waits although nobody objects";
  EXPECT_EQ(blocks.front(), 4U);
  // Not a block beyond an edge that a heartbeat before it had announced.
  position edge = announced;
  for (const auto& s : all) {
    if (const auto h = s.heartbeat())
      edge = std::max(edge, h->edge);
    if (s.type() == datagram_type::source) {
      ASSERT_LT((position{0, s.block()}), edge);
    }
  }
}

TEST(Sender, WaitsAsLongAsAReceiverObjects) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob);
  auto m = t.feedback();
  m.limit = {0, 4};
  std::vector<block_number> all;
  for (int i = 0; i < 200; ++i) {
    for (const auto b : blocks_of(t.run(milliseconds(5))))
      all.push_back(b);
    t.hear(m);
  }
  EXPECT_EQ(all, counting(0, 4));
}

TEST(Sender, CountsAStallOnceHoweverLongItLasts) {
  talker t{100};
  t.join(alice, 4);
  auto m = t.feedback();
  m.limit = {0, 4};
  const auto wait = [&] {
    for (int i = 0; i < 100; ++i) {
      t.hear(m);
      t.run(milliseconds(5));
    }
  };
  wait();
  EXPECT_EQ(t.machine.statistics().window_stalls, 1U);
  m.limit = {0, 6};
  wait();
  EXPECT_EQ(t.machine.statistics().window_stalls, 2U);
  EXPECT_EQ(t.machine.statistics().read_stalls, 0U);
}

TEST(Sender, CountsAStallOnceThoughRepairsGoOutMeanwhile) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  EXPECT_EQ(t.machine.statistics().window_stalls, 1U);
  auto m = t.feedback();
  m.limit = {0, 4};
  m.repairs = {{0, 1}, {2, 2}};
  t.hear(m);
  EXPECT_FALSE(repaired(t.run(milliseconds(10)), 0).empty());
  EXPECT_EQ(t.machine.statistics().window_stalls, 1U);
}

TEST(Sender, CountsTheWaitForAReadOnceHoweverLongItLasts) {
  talker t{100};
  t.disk_is_stuck = true;
  t.join(alice);
  t.run(seconds(1));
  EXPECT_EQ(t.machine.statistics().read_stalls, 1U);
  t.finish_reads();
  t.run(seconds(1)); // two runs further it waits again
  EXPECT_EQ(t.machine.statistics().read_stalls, 2U);
  EXPECT_EQ(t.machine.statistics().window_stalls, 0U);
}

TEST(Sender, TheSlowestReceiversLimitCounts) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob, 12);
  auto slow = t.feedback();
  slow.limit = {0, 6};
  auto fast = t.feedback();
  fast.limit = {0, 50};
  t.run(milliseconds(2));
  t.hear(slow);
  t.hear(fast, bob);
  EXPECT_EQ(blocks_of(t.run(milliseconds(10))).back(), 5U);
  EXPECT_EQ(t.machine.edge(t.now), (position{0, 6}));
  t.machine.remove_receiver(t.now, alice);
  EXPECT_EQ(t.machine.edge(t.now), (position{0, 50}));
  EXPECT_EQ(blocks_of(t.run(milliseconds(12))).front(), 6U);
}

TEST(Sender, RepairsAreServedHoweverTightTheWindow) {
  talker t{100};
  t.join(alice, 4);
  t.run(milliseconds(10));
  auto m = t.feedback();
  m.limit = {0, 4};
  m.repairs = {{0, 1}, {2, 2}};
  t.hear(m);
  const auto all = t.run(milliseconds(10));
  EXPECT_EQ(repaired(all, 0).size(), 1U);
  EXPECT_EQ(repaired(all, 2).size(), 2U);
  EXPECT_TRUE(blocks_of(all).empty());
}

TEST(Sender, ASilentReceiverHoldsNobodyAndIsDroppedAfterTheLimit) {
  talker t{100};
  t.join(alice, 4);
  t.join(bob);
  const auto started = t.now;
  std::vector<block_number> blocks;
  while (t.now < started + defaults::receiver_silence_limit) {
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
    for (const auto b : blocks_of(t.run(milliseconds(100))))
      blocks.push_back(b);
    t.hear(t.feedback(), bob);
  }
  EXPECT_EQ(blocks, counting(0, 100));
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{}) << "only just";
  t.now += milliseconds(1);
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{alice});
  EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  EXPECT_FALSE(t.machine.receivers().contains(alice));
  EXPECT_TRUE(t.machine.receivers().contains(bob));
}

} // namespace
} // namespace sender_window_test
} // namespace fleetcast::protocol
