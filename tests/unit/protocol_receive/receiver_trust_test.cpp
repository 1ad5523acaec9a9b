/// What members of the group can do to a receiver, and cannot.
#include "protocol/receive/receiver.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <utility>

namespace fleetcast::protocol {
namespace receiver_trust_test {
namespace {

using fixture::bytes;
using fixture::sample_object;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::datagram_type;

constexpr auto suite = wire::seal_suite::chacha20_poly1305;
constexpr std::uint16_t symbol_size = 64;
constexpr std::uint16_t k = 4;
constexpr std::uint64_t block_size = symbol_size * k;
constexpr block_number blocks = 100;

/// A receiver that knows anchors, the sender it should believe, and a member that speaks with the same key.
class ReceiverTrust : public testing::Test {
protected:
  ReceiverTrust() { say_where({0, 0}); }

  static receiver_config config_for(const geometry& layout, const fixture::identity& by) {
    auto c = fixture::receiver_config_of(layout, by, suite);
    c.anchored = true;
    c.fetches = true;
    return c;
  }

  void hear(const bytes& datagram, datagram_origin origin = datagram_origin::server) {
    machine.on_datagram(now, datagram, origin);
    for (const auto& block : machine.take_blocks())
      delivered.insert(block.number);
    EXPECT_TRUE(machine.validate());
  }

  wire::heartbeat heartbeat(position at) const {
    wire::heartbeat h;
    h.sent_at = static_cast<std::uint64_t>(now.count());
    h.next = at;
    h.edge = at;
    h.grtt = milliseconds(5);
    h.group_size = 2;
    h.status_interval = seconds(1);
    if (at.block < blocks)
      h.scheduled = {{at.block, blocks - at.block}};
    return h;
  }

  /// The sender's heartbeat, and its anchor, a little later than what was said before.
  void say_where(position at) {
    now += defaults::anchor_check_interval;
    const auto h = heartbeat(at);
    hear(sender.say(h));
    hear(sender.say_anchor(h, server));
  }

  void hear_block(block_number block) {
    for (symbol_id id = 0; id < k; ++id)
      hear(sender.say_symbol(object, block, id));
  }

  void hear_manifest(block_number first, block_number count) {
    hear(sender.say(object.manifest(first, count, server)));
  }

  bytes false_symbol(block_number block, symbol_id id) {
    return member.say(datagram_type::source, block, id, bytes(symbol_size, std::byte{0x66}));
  }

  /// What the server answers.
  void answer(const wire::fetch& asked) {
    const auto content = object.content_of(asked.block);
    if (asked.leaf_digests)
      machine.on_fetched(now, {asked.block, wire::leaf_digests_of(content)});
    if ((asked.leaves & 1U) != 0)
      machine.on_fetched(now,
                         {asked.block, wire::fetched_leaf{0, {content.begin(), content.end()}}});
    if (asked.manifest)
      machine.on_fetched(now, {asked.block, object.manifest(asked.block, 1, server)});
    for (const auto& block : machine.take_blocks())
      delivered.insert(block.number);
  }

  std::uint64_t contradictions() const { return machine.statistics().contradictions; }

  fixture::identity server;
  fixture::identity impostor{0x66};
  sample_object object{blocks * block_size, symbol_size, k};
  fixture::counted_memory memory{block_size, 8};
  timestamp now = fixture::start;
  receiver machine{config_for(object.layout(), server), memory, now};
  fixture::group_voice sender{suite};
  fixture::group_voice member{suite};
  std::set<block_number> delivered;
};

// -- packet numbers -----------------------------------------------------------------------------

TEST_F(ReceiverTrust, AMadeUpPacketNumberKeepsTheSenderOutUntilTheNextAnchorOnly) {
  hear_manifest(0, 4);
  member.set_next_packet(std::numeric_limits<std::uint64_t>::max());
  hear(false_symbol(50, 0));
  member.set_next_packet(sender.next_packet() + defaults::replay_window / 2 - 10);
  hear(false_symbol(51, 0));
  hear_block(0);
  say_where({0, 1});
  EXPECT_EQ(contradictions(), 1U);
  hear_block(1);
  hear_block(2);
  EXPECT_THAT(delivered, testing::IsSupersetOf({1U, 2U}));
}

TEST_F(ReceiverTrust, CountsWhatTheSenderSigned) {
  member.set_next_packet(sender.next_packet() + 30'000);
  hear(false_symbol(50, 0));
  say_where({0, 0});
  bytes datagram;
  now += seconds(3);
  machine.on_time(now);
  ASSERT_TRUE(machine.take_feedback(now, datagram));
  const auto said = fixture::read_feedback(datagram, suite);
  ASSERT_TRUE(said);
  EXPECT_LT(said->highest_packet, sender.next_packet());
  EXPECT_EQ(said->lost_packets, 0U);
}

// -- heartbeats ---------------------------------------------------------------------------------

TEST_F(ReceiverTrust, AForgedPositionLastsUntilTheNextAnchor) {
  auto h = heartbeat({7, 50});
  h.sent_at += 1;
  member.set_next_packet(sender.next_packet() + 1);
  hear(member.say(h));
  say_where({0, 1});
  EXPECT_GE(contradictions(), 1U);
  EXPECT_LE(machine.limit(), (position{0, 10}));
}

TEST_F(ReceiverTrust, AForgedScheduleIsNotBelievedAfterAGenuineOne) {
  say_where({0, 50});
  auto h = heartbeat({0, 50});
  h.sent_at += 1;
  h.scheduled = {{90, 10}}; // 50 to 89 were to be sent, and were not
  hear(member.say(h));
  EXPECT_EQ(contradictions(), 1U);
}

TEST_F(ReceiverTrust, NobodyButTheSenderSetsThePace) {
  auto h = heartbeat({0, 0});
  h.sent_at += 1;
  h.group_size = std::numeric_limits<std::uint32_t>::max();
  h.grtt = seconds(1000);
  h.status_interval = seconds(1000);
  hear(member.say(h));
  hear_manifest(0, 4);
  hear(sender.say_symbol(object, 0, 0)); // the other three are lost
  sender.lose(3);
  hear_block(1);
  now += seconds(1);
  EXPECT_LE(machine.request_due(), now);
}

/// A member may be faster than the first anchor: nothing is known of the sender then.
TEST_F(ReceiverTrust, APaceForgedBeforeTheFirstAnchorLastsUntilThen) {
  receiver newcomer{config_for(object.layout(), server), memory, now};
  auto h = heartbeat({0, 50});
  h.scheduled = {{50, blocks - 50}}; // the first half has gone by
  auto forged = h;
  forged.sent_at += 1;
  forged.group_size = std::numeric_limits<std::uint32_t>::max();
  forged.grtt = seconds(1000);
  forged.status_interval = seconds(1000);
  newcomer.on_datagram(now, member.say(forged), datagram_origin::elsewhere);
  ASSERT_NE(newcomer.request_due(), never);
  newcomer.on_datagram(now, sender.say(h), datagram_origin::server);
  newcomer.on_datagram(now, sender.say_anchor(h, server), datagram_origin::server);
  EXPECT_LE(newcomer.request_due(), now + milliseconds(20));
  EXPECT_LE(newcomer.next_event(), now + seconds(1));
  now += milliseconds(20);
  bytes datagram;
  ASSERT_TRUE(newcomer.take_feedback(now, datagram));
  const auto said = fixture::read_feedback(datagram, suite);
  ASSERT_TRUE(said);
  EXPECT_THAT(said->wanted, ElementsAre(wire::block_range{0, 50}));
}

TEST_F(ReceiverTrust, AHeartbeatFromTheFutureIsNotBelieved) {
  auto h = heartbeat({0, 0});
  h.sent_at += static_cast<std::uint64_t>(duration{seconds(3600)}.count());
  hear(member.say(h));
  now += milliseconds(5);
  hear(sender.say(heartbeat({0, 7})));
  hear_block(7); // taken in the place that the genuine heartbeat said
  EXPECT_LE(machine.limit(), (position{0, 16}));
  EXPECT_GE(machine.limit(), (position{0, 7}));
}

TEST_F(ReceiverTrust, AnAnchorThatTheServerDidNotSignMovesNothing) {
  const auto before = machine.limit();
  now += defaults::anchor_interval;
  member.set_next_packet(sender.next_packet());
  hear(member.say_anchor(heartbeat({0, 80}), impostor));
  EXPECT_EQ(machine.limit(), before);
  EXPECT_EQ(contradictions(), 1U);
  EXPECT_FALSE(machine.failed());
}

TEST_F(ReceiverTrust, AnOldAnchorIsWorthless) {
  const auto old = heartbeat({0, 3});
  say_where({0, 40});
  const auto before = machine.limit();
  now += seconds(1);
  hear(member.say_anchor(old, server));
  EXPECT_EQ(machine.limit(), before);
}

TEST_F(ReceiverTrust, NothingIsSuspectedOfAnHonestSender) {
  hear_manifest(0, 16);
  for (block_number b = 0; b < 16; ++b) {
    hear_block(b);
    if (b % 5 == 4)
      say_where({0, b + 1});
  }
  EXPECT_EQ(contradictions(), 0U);
  EXPECT_EQ(delivered.size(), 16U);
  EXPECT_THAT(machine.take_fetches(now), IsEmpty());
}

// -- where datagrams come from ------------------------------------------------------------------

TEST_F(ReceiverTrust, OnceSomebodyForgesNothingIsTakenFromElsewhere) {
  hear_manifest(0, 4);
  hear(sender.say_symbol(object, 0, 0), datagram_origin::elsewhere);
  EXPECT_EQ(machine.statistics().source_symbols, 1U) << "no harm was done yet";
  hear(member.say(object.manifest(5, 1, impostor)), datagram_origin::elsewhere);
  EXPECT_EQ(contradictions(), 1U);
  hear(sender.say_symbol(object, 0, 1), datagram_origin::elsewhere);
  EXPECT_EQ(machine.statistics().source_symbols, 1U);
  hear(sender.say_symbol(object, 0, 2));
  EXPECT_EQ(machine.statistics().source_symbols, 2U);
}

// -- symbols ------------------------------------------------------------------------------------

TEST_F(ReceiverTrust, ASpoiltBlockIsMendedOverItsOwnPath) {
  hear_manifest(0, 4);
  member.set_next_packet(sender.next_packet() + 20);
  hear(false_symbol(0, 2));
  hear_block(0);
  EXPECT_THAT(delivered, IsEmpty());
  const auto asked = machine.take_fetches(now);
  ASSERT_THAT(asked, ElementsAre(wire::fetch{0, false, true, 0}));
  EXPECT_THAT(machine.take_fetches(now), IsEmpty());
  answer(asked.front());
  const auto then = machine.take_fetches(now);
  ASSERT_THAT(then, ElementsAre(wire::fetch{0, false, false, 1}));
  answer(then.front());
  EXPECT_THAT(delivered, ElementsAre(0));
  EXPECT_EQ(machine.statistics().leaves_fetched, 1U);
  EXPECT_FALSE(machine.failed());
}

TEST_F(ReceiverTrust, NoCountOfSpoiltBlocksEndsTheSession) {
  for (block_number first = 0; first < 80; first += 16)
    hear_manifest(first, 16);
  for (block_number b = 0; b < 80; ++b) {
    member.set_next_packet(sender.next_packet() + 20);
    hear(false_symbol(b, 1));
    hear_block(b);
    for (int step = 0; step < 2; ++step)
      for (const auto& asked : machine.take_fetches(now))
        answer(asked);
  }
  EXPECT_FALSE(machine.failed());
  EXPECT_EQ(delivered.size(), 80U);
  EXPECT_EQ(machine.statistics().digest_failures, 80U);
}

TEST_F(ReceiverTrust, WhatItsOwnPathSpoilsTenTimesEndsIt) {
  hear_manifest(0, 4);
  member.set_next_packet(sender.next_packet() + 20);
  hear(false_symbol(3, 2));
  hear_block(3);
  ASSERT_EQ(machine.statistics().digest_failures, 1U);
  for (unsigned i = 0; i < defaults::max_own_path_failures; ++i) {
    ASSERT_FALSE(machine.failed()) << i;
    machine.on_fetched(now, {3, wire::leaf_digests{wire::digest{}}});
  }
  EXPECT_EQ(machine.failed().code, failure_code::content_corrupt);
  EXPECT_THAT(machine.failed().text, HasSubstr("block 3"));
}

TEST_F(ReceiverTrust, ForgedBlocksOfTheEndGiveWayToThoseThatCome) {
  hear_manifest(0, 16);
  member.set_next_packet(sender.next_packet() + 10);
  for (block_number b = 0; b < 8; ++b)
    hear(false_symbol(blocks - 1 - b, 0));
  EXPECT_EQ(memory.available(), 0U);
  say_where({0, 0});
  EXPECT_GE(machine.limit(), (position{0, 8}));
  for (block_number b = 0; b < 8; ++b)
    hear_block(b);
  EXPECT_EQ(delivered.size(), 8U);
}

// -- manifests ----------------------------------------------------------------------------------

TEST_F(ReceiverTrust, NoCountOfForgedManifestsEndsTheSession) {
  for (int i = 0; i < 500; ++i)
    hear(member.say(object.manifest(0, 1, impostor)));
  EXPECT_FALSE(machine.failed());
  now += seconds(1);
  hear_manifest(0, 4);
  hear_block(0);
  EXPECT_THAT(delivered, ElementsAre(0));
}

TEST_F(ReceiverTrust, AManifestBeyondTheBudgetIsFoundByItsBlocksOwnDigest) {
  for (std::int64_t i = 0; i < defaults::signature_burst + 5; ++i)
    hear(member.say(object.manifest(0, 1, impostor)));
  hear_manifest(1, 2);
  hear_block(1);
  EXPECT_THAT(delivered, ElementsAre(1));
  // And the other way round.
  hear_block(3);
  EXPECT_EQ(delivered.size(), 1U);
  hear_manifest(3, 1);
  EXPECT_EQ(delivered.size(), 2U);
}

TEST_F(ReceiverTrust, WhereThePoolOverflowsManifestsComeOverItsOwnPath) {
  hear_block(6);
  for (std::int64_t i = 0; i < defaults::signature_burst; ++i)
    hear(member.say(object.manifest(0, 1, impostor)));
  for (std::size_t i = 0; i <= defaults::manifest_pool; ++i)
    hear(member.say(object.manifest(20, 1, impostor)));
  const auto asked = machine.take_fetches(now);
  ASSERT_THAT(asked, ElementsAre(wire::fetch{6, true, false, 0}));
  answer(asked.front());
  EXPECT_THAT(delivered, ElementsAre(6));
}

} // namespace
} // namespace receiver_trust_test
} // namespace fleetcast::protocol
