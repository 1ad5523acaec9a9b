#include "tests/unit/protocol_send/sender_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace fleetcast::protocol {
namespace sender_liveness_test {
namespace {

using sender_fixture::alice;
using sender_fixture::blocks_of;
using sender_fixture::bob;
using sender_fixture::heartbeats_of;
using sender_fixture::k;
using sender_fixture::repairs;
using sender_fixture::sent;
using sender_fixture::talker;
using sender_fixture::verdict_time;

/// Source and repair datagrams.
std::uint64_t symbols_sent(const talker& t) {
  const auto& s = t.machine.statistics();
  return s.source_datagrams + s.repair_datagrams;
}

/// A receiver that got every datagram and completed all that was sent whole.
wire::feedback fine(const talker& t, std::uint32_t completed) {
  auto m = t.feedback();
  m.received_packets = symbols_sent(t) + t.machine.statistics().control_datagrams;
  m.highest_packet = m.received_packets;
  m.completed_blocks = completed;
  m.free_blocks = 64;
  return m;
}

/// One that only datagrams without symbols reach.
wire::feedback deaf_to_symbols(const talker& t) {
  auto m = fine(t, 0);
  m.lost_packets = symbols_sent(t);
  m.received_packets -= m.lost_packets;
  return m;
}

std::uint64_t bytes_of(const std::vector<sent>& all) {
  std::uint64_t result = 0;
  for (const auto& s : all)
    result += s.datagram.payload.size() + wire::header_size + wire::max_seal_size;
  return result;
}

TEST(Sender, SendsHardlyAnythingBeforeItHeardAnybodyHoweverFastItMay) {
  for (const bit_rate rate : {bit_rate{10'000'000}, bit_rate{10'000'000'000}}) {
    talker t{20'000, rate};
    t.join(alice);
    const auto all = t.run(seconds(25));
    EXPECT_LE(bytes_of(all), defaults::blind_bytes);
    EXPECT_GE(bytes_of(all), defaults::blind_bytes - 2 * defaults::blind_reserve);
    // Others that come and say nothing get no more of it.
    t.machine.remove_receiver(t.now, alice);
    t.join(bob);
    const auto more = t.run(seconds(25));
    EXPECT_TRUE(blocks_of(more).empty());
    EXPECT_LE(bytes_of(more), defaults::blind_reserve);
    ASSERT_FALSE(heartbeats_of(more).empty()) << "he has to hear something to answer";
    t.hear(t.feedback(), bob);
    EXPECT_FALSE(blocks_of(t.run(milliseconds(100))).empty());
  }
}

TEST(Sender, AHeartbeatFollowsAtOnceWhenTheFirstWordComesAfterAll) {
  talker t{20'000};
  t.join(alice);
  t.run(seconds(10));
  t.hear(t.feedback());
  EXPECT_FALSE(heartbeats_of(t.take()).empty());
}

TEST(Sender, WithoutAWordFromThoseWhoStayItIsBlindAgain) {
  talker t{20'000};
  t.join(alice);
  t.hear(t.feedback());
  t.join(bob);
  t.run(milliseconds(10));
  t.machine.remove_receiver(t.now, alice);
  EXPECT_LE(bytes_of(t.run(seconds(25))), defaults::blind_bytes);
}

TEST(Sender, BlindItSleepsBetweenHeartbeatsThoughRepairsAreOwed) {
  talker t{20'000};
  t.join(alice);
  t.run(seconds(25)); // uses the allowance up
  t.hear(t.feedback());
  t.run(milliseconds(100));
  t.join(bob);
  t.hear_repairs({{0, 3}, {1, 3}});
  t.machine.remove_receiver(t.now, alice);
  EXPECT_LE(bytes_of(t.run(seconds(25))), defaults::blind_reserve);
  t.hear(t.feedback(), bob);
  EXPECT_FALSE(t.run(milliseconds(100)).empty());
}

TEST(Sender, AReceiverThatOnlySmallDatagramsReachCostsTwiceTheObjectAndIsSentAway) {
  constexpr block_number blocks = 2000;
  talker t{blocks};
  t.join(alice);
  t.join(bob);
  std::vector<dismissal> away;
  duration alone{};
  for (const auto end = t.now + seconds(60); t.now < end && away.empty();) {
    t.run(milliseconds(20));
    const auto at = t.machine.next_position();
    const auto done = at.pass > 0 ? blocks : at.block;
    if (t.machine.receivers().contains(alice)) {
      t.hear(fine(t, done), alice);
      if (done == blocks)
        t.machine.remove_receiver(t.now, alice);
    } else {
      alone += milliseconds(20);
    }
    auto m = deaf_to_symbols(t);
    m.wanted = {{0, done}};
    for (block_number b = 0; b < std::min(done, block_number{64}); ++b)
      m.repairs.push_back({done - 1 - b, k});
    t.hear(m, bob);
    away = t.machine.take_dismissed(t.now);
  }
  EXPECT_EQ(away, (std::vector<dismissal>{{bob, exclusion::unreached}}));
  EXPECT_LE(symbols_sent(t), 2 * std::uint64_t{blocks} * k);
  EXPECT_GT(symbols_sent(t), std::uint64_t{blocks} * k * 3 / 2) << "it was given a chance";
  EXPECT_LE(alone, seconds(15));
  EXPECT_FALSE(t.machine.receivers().contains(bob));
  EXPECT_GT(t.machine.statistics().repairs_refused, 0U);
}

/// Says every 20 ms that it has no room, and nothing else.
TEST(Sender, WhoHoldsTheEdgeWithoutGettingOnHoldsItForAWhileAndIsSentAway) {
  talker t{1000};
  t.join(alice);
  t.join(bob);
  auto shut = t.feedback();
  shut.limit = {0, 0};
  shut.completed_blocks = 1;
  shut.free_blocks = 8;
  t.hear(shut, bob);
  std::vector<dismissal> away;
  std::optional<timestamp> went_on;
  const auto began = t.now;
  while (t.now < began + seconds(30) && away.empty()) {
    const auto some = !blocks_of(t.run(milliseconds(20))).empty();
    if (some && !went_on)
      went_on = t.now;
    const auto at = t.machine.next_position();
    t.hear(fine(t, at.block), alice);
    t.hear(shut, bob);
    away = t.machine.take_dismissed(t.now);
  }
  ASSERT_TRUE(went_on);
  EXPECT_GT(*went_on, began + defaults::progress_patience);
  EXPECT_LT(*went_on, began + 2 * defaults::progress_patience);
  EXPECT_EQ(away, (std::vector<dismissal>{{bob, exclusion::holds_window}}));
  EXPECT_TRUE(t.machine.take_dismissed(t.now).empty()) << "named once";
}

TEST(Sender, AReceiverWhoseConsumerPausesHoldsTheEdgeForAMinuteAndStays) {
  talker t{1000};
  t.join(alice);
  t.join(bob);
  auto paused = fine(t, 8);
  paused.limit = {0, 8};
  paused.free_blocks = 0;
  t.hear(paused, bob);
  std::optional<timestamp> went_on;
  const auto began = t.now;
  auto position_then = t.machine.next_position();
  while (t.now < began + seconds(200)) {
    t.run(milliseconds(20));
    const auto at = t.machine.next_position();
    if (at > position{0, 8} && !went_on)
      went_on = t.now;
    t.hear(fine(t, at.pass > 0 ? 1000 : at.block), alice);
    t.hear(paused, bob);
    ASSERT_TRUE(t.machine.take_dismissed(t.now).empty());
    position_then = at;
  }
  ASSERT_TRUE(went_on);
  EXPECT_GT(*went_on, began + defaults::full_cache_patience);
  EXPECT_EQ(position_then.block, 1000U) << "the others have it all";
  EXPECT_TRUE(t.machine.receivers().contains(bob));
}

TEST(Sender, APauseOfItsOwnIsNobodysSilence) {
  talker t{1000};
  t.join(alice);
  t.hear(t.feedback());
  t.run(seconds(1));
  t.now += seconds(40);
  EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  EXPECT_FALSE(t.machine.silence(t.now, alice));
  for (const auto end = t.now + defaults::receiver_silence_limit - seconds(2); t.now < end;) {
    t.run(milliseconds(100));
    EXPECT_TRUE(t.machine.take_silent(t.now).empty());
  }
  t.run(seconds(2));
  EXPECT_EQ(t.machine.take_silent(t.now), std::vector<receiver_id>{alice});
}

TEST(Sender, NamesWhoIsSilentAndForHowLong) {
  talker t{40};
  t.join(alice);
  t.join(bob);
  auto last = fine(t, 3);
  last.limited_by = limiting_factor::consumer;
  t.hear(last, bob);
  const auto said = t.now;
  while (t.now < said + defaults::silent_after) {
    t.run(milliseconds(100));
    t.hear(fine(t, 40), alice);
  }
  EXPECT_FALSE(t.machine.silence(t.now, bob)) << "only just";
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::consumer, bob}));
  while (t.now < said + seconds(12)) {
    t.run(milliseconds(100));
    t.hear(fine(t, 40), alice);
  }
  EXPECT_EQ(t.machine.silence(t.now, bob), seconds(12));
  EXPECT_EQ(t.machine.limit(), (transmission_limit{limiting_factor::silent, bob}));
  EXPECT_FALSE(t.machine.silence(t.now, alice));
  t.hear(fine(t, 3), bob);
  t.run(verdict_time);
  EXPECT_FALSE(t.machine.silence(t.now, bob));
  EXPECT_EQ(t.machine.limit().factor, limiting_factor::network);
}

/// The time until everything was sent once to alice and bob, beside whom `carol` asks for all there is, without end.
duration time_beside(bool carol_asks) {
  constexpr block_number blocks = 5000;
  talker t{blocks};
  const receiver_id carol = 9;
  for (const auto id : {alice, bob, carol})
    t.join(id);
  const auto began = t.now;
  while (t.machine.next_position().pass == 0 && t.machine.next_position().block < blocks
         && t.now < began + seconds(60)) {
    t.run(milliseconds(2));
    const auto done = t.machine.next_position().block;
    for (const auto id : {alice, bob})
      t.hear(fine(t, done), id);
    auto m = fine(t, done);
    for (block_number b = 0; carol_asks && b < std::min<block_number>(done, 64); ++b)
      m.repairs.push_back({(done - 1 - b), k});
    t.hear(m, carol);
  }
  return t.now - began;
}

TEST(Sender, WhoAsksForEveryBlockWithoutEndDelaysTheOthersByAThirdAtMost) {
  const auto undisturbed = time_beside(false);
  const auto disturbed = time_beside(true);
  EXPECT_LT(disturbed, undisturbed * 13 / 10);
  EXPECT_GT(disturbed, undisturbed * 21 / 20) << "it gets its share";
}

} // namespace
} // namespace sender_liveness_test
} // namespace fleetcast::protocol
