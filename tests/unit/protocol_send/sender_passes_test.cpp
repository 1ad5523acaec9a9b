#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace fleetcast::protocol {
namespace sender_passes_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::counting;
using sender_fixture::heartbeats_of;
using sender_fixture::k;
using sender_fixture::sent;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, ServesALateJoinerInTheNextPassAndDelaysNobody) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(20));
  const auto half = t.machine.next_position().block;
  ASSERT_GT(half, 30U);
  ASSERT_LT(half, 70U);
  t.join(bob);
  ASSERT_TRUE(t.hear_wanted({{0, half}}, bob));
  const auto all = t.run(seconds(1));
  auto expected = counting(half, 100);
  const auto blocks = blocks_of(all);
  const auto first_pass = std::vector(blocks.begin(), blocks.begin() + 1);
  for (const auto b : counting(0, half))
    expected.push_back(b);
  // The block that was under way counts to the first pass.
  EXPECT_EQ((std::vector<block_number>{blocks.end() - static_cast<std::ptrdiff_t>(expected.size()),
                                       blocks.end()}),
            expected);
  EXPECT_LE(blocks.size(), expected.size() + 1);
  // Everybody hears of the new pass before its first block.
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].type() != datagram_type::source || all[i].block() != 0)
      continue;
    position heard{};
    for (std::size_t j = 0; j < i; ++j)
      if (const auto h = all[j].heartbeat())
        heard = h->next;
    EXPECT_EQ(heard.pass, 1U);
    break;
  }
}

TEST(Sender, AnnouncesAHeartbeatAtOnceToANewcomer) {
  talker t{100};
  t.join(alice);
  t.run(milliseconds(7));
  t.join(bob);
  t.now += microseconds(1);
  const auto some = t.take(1);
  ASSERT_EQ(some.size(), 1U);
  const auto h = some.front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->group_size, 2U);
}

TEST(Sender, WantedBlocksThatWereStartedAfterTheRequestAreNotSentAgain) {
  talker t{100};
  t.join(alice);
  const auto all = t.run(milliseconds(20));
  std::uint64_t seen = 0;
  for (const auto& s : all)
    if (s.type() == datagram_type::source && s.block() == 10 && s.symbol() == k - 1)
      seen = s.packet();
  ASSERT_GT(seen, 0U);
  const auto passed = t.machine.next_position().block;
  ASSERT_GT(passed, 20U);
  t.last_packet = seen;
  ASSERT_TRUE(t.hear_wanted({{5, 10}})); // 5 to 14, but knows only of those up to 10
  const auto later = t.run(seconds(1));
  std::set<block_number> again;
  for (const auto& s : later)
    if (s.type() == datagram_type::source && s.block() < passed - 1)
      again.insert(s.block());
  EXPECT_EQ(again, (std::set<block_number>{5, 6, 7, 8, 9, 10}));
}

TEST(Sender, WhatNobodyWantsAnyMoreIsNotSentAgain) {
  talker t{100};
  t.join(alice);
  t.run(seconds(1));
  const auto before = t.machine.statistics().source_datagrams;
  EXPECT_EQ(before, 100U * k);
  t.run(seconds(5));
  EXPECT_EQ(t.machine.statistics().source_datagrams, before);
}

TEST(Sender, APassThatEndsEarlyIsAnnouncedAsEnded) {
  talker t{10};
  t.join(alice);
  t.run(milliseconds(100));
  ASSERT_TRUE(t.hear_wanted({{0, 3}}));
  const auto all = t.run(milliseconds(100));
  ASSERT_EQ(blocks_of(all), counting(0, 3));
  // Not "at 3": who lacks block 3 would take it for the one being sent, and wait forever.
  const auto last = heartbeats_of(all).back();
  EXPECT_EQ(last.next, (position{1, 10}));
  EXPECT_TRUE(last.scheduled.empty());
  ASSERT_TRUE(t.hear_wanted({{3, 1}}));
  EXPECT_EQ(blocks_of(t.run(milliseconds(100))), counting(3, 4));
}

} // namespace
} // namespace sender_passes_test
} // namespace fleetcast::protocol
