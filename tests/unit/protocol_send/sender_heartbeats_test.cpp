#include "protocol/send/adaptive_rate.hpp"
#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace fleetcast::protocol {
namespace sender_heartbeats_test {
namespace {

using sender_fixture::alice;
using sender_fixture::bob;
using sender_fixture::heartbeats_of;
using sender_fixture::k;
using sender_fixture::ranges;
using sender_fixture::repairs;
using sender_fixture::sent;
using sender_fixture::talker;
using wire::datagram_type;

TEST(Sender, AHeartbeatTellsTheStateOfTheSender) {
  talker t{100};
  t.join(alice);
  t.join(bob);
  t.run(milliseconds(20));
  auto m = t.feedback();
  m.repairs = {{0, 2}};
  m.wanted = {{3, 2}};
  m.echo_sent_at = static_cast<std::uint64_t>((t.now - milliseconds(9)).count());
  t.disk_is_stuck = true;
  t.hear(m);
  t.now += milliseconds(1);
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->sent_at, static_cast<std::uint64_t>(t.now.count()));
  EXPECT_EQ(h->group_size, 2U);
  EXPECT_EQ(h->grtt, milliseconds(9));
  EXPECT_EQ(h->next.pass, 0U);
  const auto next = t.machine.next_position().block;
  EXPECT_GE(h->next.block + 1, next);
  EXPECT_EQ(h->repairing, (repairs{{0, 2}}));
  ranges coming{{3, 2}};
  if (h->next.block < next) // under way
    coming.push_back({h->next.block, 1});
  coming.push_back({next, 100 - next});
  EXPECT_EQ(h->scheduled, coming);
  EXPECT_TRUE(h->scheduled_all);
  EXPECT_EQ(h->edge, (position{0, next + defaults::edge_lead}));
  EXPECT_EQ(h->status_interval, milliseconds(4));
}

TEST(Sender, ABlockUnderWayIsAnnouncedAsNext) {
  talker t{100, 1'000'000};
  t.join(alice);
  const sent* last = nullptr;
  int under_way = 0;
  const auto all = t.run(milliseconds(500));
  for (const auto& s : all) {
    if (s.type() == datagram_type::source)
      last = &s;
    const auto h = s.heartbeat();
    if (!h || last == nullptr)
      continue;
    // Nobody shall miss symbols that are still to come, nor wish for the block.
    const auto whole = last->symbol() + 1 == k;
    under_way += whole ? 0 : 1;
    EXPECT_EQ(h->next.block, last->block() + (whole ? 1 : 0));
    EXPECT_TRUE(h->scheduled_all);
    if (h->next.block == 100) {
      EXPECT_TRUE(h->scheduled.empty());
    } else {
      ASSERT_FALSE(h->scheduled.empty());
      EXPECT_EQ(h->scheduled.front().first, h->next.block);
    }
  }
  EXPECT_GT(under_way, 5);
}

TEST(Sender, TheLastBlockUnderWayIsAnnouncedToo) {
  talker t{3};
  t.join(alice);
  while (t.machine.statistics().source_datagrams < 3 * k - 1) {
    t.take(1);
    t.now += microseconds(20);
  }
  t.now += defaults::reorder_delay;
  t.join(bob); // who is told at once how things stand
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->next, (position{0, 2}));
  EXPECT_EQ(h->scheduled, (ranges{{2, 1}}));
}

TEST(Sender, ABlockUnderWayThatIsWantedOnceMoreIsAnnouncedOnce) {
  talker t{3};
  t.join(alice);
  while (t.machine.statistics().source_datagrams < k + 1) {
    t.take(1);
    t.now += microseconds(20);
  }
  t.hear_wanted({{1, 1}}); // begun, and she had no room for it
  t.now += defaults::reorder_delay;
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  EXPECT_EQ(h->next, (position{0, 1}));
  EXPECT_EQ(h->scheduled, (ranges{{1, 2}}));
}

TEST(Sender, DatagramsLeaveInBatches) {
  talker t{1000, 100'000'000};
  t.join(alice);
  t.run(milliseconds(2)); // what it saved up
  std::size_t batches = 0;
  std::size_t datagrams = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto some = t.take();
    batches += some.empty() ? 0 : 1;
    datagrams += some.size();
    t.now += microseconds(1);
  }
  // A datagram takes 8 us here; a quantum's worth of them goes together.
  EXPECT_GT(datagrams, 100U);
  EXPECT_LE(batches, 3U);
}

TEST(Sender, SharesTheFeedbackBudgetAmongItsReceivers) {
  talker t{100};
  for (receiver_id id = 1; id <= 100; ++id)
    t.join(id);
  EXPECT_EQ(t.take(1).front().heartbeat()->status_interval, milliseconds(200));
  for (receiver_id id = 101; id <= 10'000; ++id)
    t.join(id);
  t.now += milliseconds(1);
  EXPECT_EQ(t.take(1).front().heartbeat()->status_interval, seconds(20));
}

/// They were told to speak every 20 s and may be waiting for that, though a search asks for more now.
TEST(Sender, ASearchDoesNotShortenTheSilenceThatIsForgivenInALargeGroup) {
  talker t{100, std::make_unique<adaptive_rate>()};
  for (receiver_id id = 1; id <= 10'000; ++id)
    t.join(id);
  for (const auto end = t.now + seconds(80); t.now < end;) {
    t.now += milliseconds(500);
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  }
  t.now += milliseconds(500);
  EXPECT_EQ(t.machine.take_silent(t.now).size(), 10'000U);
}

TEST(Sender, CutsOffListsThatDoNotFitAHeartbeatAndSaysSo) {
  talker t{400};
  t.join(alice);
  t.run(seconds(1));
  t.disk_is_stuck = true;
  for (block_number first = 0; first < 120; first += 40) {
    auto m = t.feedback();
    for (block_number b = first; b < first + 40; b += 2) {
      m.wanted.push_back({b, 1});
      m.repairs.push_back({b + 200, 1});
      m.repairs.push_back({b + 201, 1});
    }
    ASSERT_TRUE(t.hear(m));
  }
  t.now += milliseconds(5);
  const auto h = t.take(1).front().heartbeat();
  ASSERT_TRUE(h);
  ASSERT_EQ(h->scheduled.size(), wire::max_scheduled_ranges);
  EXPECT_FALSE(h->scheduled_all);
  EXPECT_EQ(h->scheduled.back(), (wire::block_range{62, 1}));
  EXPECT_EQ(h->repairing.size(), wire::max_announced_repairs);
}

TEST(Sender, HeartbeatsAreFrequentWhileBusyAndRareWhenIdle) {
  talker t{100};
  t.join(alice);
  const auto count = [&](duration d) { return heartbeats_of(t.run(d)).size(); };
  t.run(milliseconds(100));
  EXPECT_NEAR(static_cast<double>(count(milliseconds(500))), 100, 3);
  t.run(defaults::idle_after);
  EXPECT_NEAR(static_cast<double>(count(seconds(5))), 50, 2);
}

TEST(Sender, HeartbeatsAreFrequentAgainAfterARequest) {
  talker t{300};
  t.join(alice);
  t.run(seconds(5));
  t.disk_is_stuck = true; // nothing to send but heartbeats
  ASSERT_TRUE(t.hear_repairs({{0, 1}}));
  EXPECT_NEAR(static_cast<double>(heartbeats_of(t.run(milliseconds(500))).size()), 100, 3);
}

TEST(Sender, AtALowRateHeartbeatsGiveWay) {
  talker t{1000, 100'000};
  t.join(alice);
  t.run(milliseconds(500));
  std::size_t heartbeats = 0;
  std::size_t others = 0;
  for (const auto& s : t.run(seconds(10)))
    ++(s.heartbeat() ? heartbeats : others);
  EXPECT_LE(heartbeats, 101U);
  EXPECT_GT(others, heartbeats);
}

TEST(Sender, ARequestHastensTheHeartbeat) {
  talker t{100};
  t.join(alice);
  t.run(seconds(3)); // idle now
  ASSERT_TRUE(t.hear_repairs({{0, 1}}));
  const auto asked_at = t.now;
  for (const auto& s : t.run(milliseconds(50)))
    if (s.heartbeat()) {
      EXPECT_LE(s.at, asked_at + defaults::reorder_delay);
      return;
    }
  FAIL() << "no heartbeat";
}

} // namespace
} // namespace sender_heartbeats_test
} // namespace fleetcast::protocol
