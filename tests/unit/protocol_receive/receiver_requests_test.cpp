#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fleetcast::protocol {
namespace receiver_requests_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::damaged;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::ranges;
using receiver_fixture::repairs;
using receiver_fixture::suite;
using receiver_fixture::symbol_size;
using wire::datagram_type;

TEST(Receiver, AsksForAsManySymbolsAsABlockLacksOnceTheSenderMovedOn) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  l.hear_block(0, {1, 2});
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing()) << "the rest may still be on its way";
  l.hear_symbol(1, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
  EXPECT_EQ(l.machine.statistics().requests_sent, 1U);
}

TEST(Receiver, AHeartbeatTellsItTooThatTheSenderMovedOn) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {3});
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, NamesEveryBlockThatLackedSymbolsWhenItsBackOffBegan) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  for (const block_number b : {3U, 2U, 1U, 0U})
    l.hear_block(b, {static_cast<symbol_id>(b)});
  l.hear(l.heartbeat({0, 4}));
  l.hear_block(4, {0, 1});
  l.hear_symbol(5, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  l.hear(l.heartbeat({0, 5}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs.back(), (wire::block_repair{4, 2}));
}

TEST(Receiver, ASymbolThatIsOnlyLateIsNotAskedFor) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  const auto late = l.voice.say_symbol(l.object, 0, 0);
  l.hear_block(0, {0});
  l.hear_symbol(1, 0);
  l.wait(defaults::reorder_delay - duration{1});
  EXPECT_TRUE(l.take_said().empty());
  l.hear(late);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
  EXPECT_EQ(l.machine.statistics().requests_suppressed, 1U);
}

TEST(Receiver, WaitsARandomTimeBeforeItAsks) {
  std::set<duration> waits;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    listener l{20 * block_size};
    auto config = fixture::receiver_config_of(l.object.layout(), l.server, suite);
    config.seed = seed;
    receiver r{config, l.memory, l.now};
    bytes datagram;
    const auto m = l.heartbeat({0, 0});
    r.on_datagram(l.now, l.voice.say(m));
    l.now += m.status_interval;
    r.on_time(l.now);
    ASSERT_TRUE(r.take_feedback(l.now, datagram));
    r.on_datagram(l.now, l.voice.say_symbol(l.object, 0, 0));
    r.on_datagram(l.now, l.voice.say_symbol(l.object, 1, 0));
    const auto wait = r.next_event() - l.now;
    EXPECT_GE(wait, defaults::reorder_delay);
    EXPECT_LE(wait, defaults::reorder_delay + nack_timer::max_backoff(milliseconds(5), 2));
    waits.insert(wait);
  }
  EXPECT_GT(waits.size(), 190U);
}

TEST(Receiver, DoesNotAskAgainWithinTheHoldoff) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  l.hear_block(0, {1});
  l.hear(l.heartbeat({0, 1}));
  // To the very moment it asks.
  timestamp asked{};
  for (int i = 0; i < 1000 && asked == timestamp{}; ++i) {
    l.wait(microseconds(50));
    if (!l.take_request().repairs.empty())
      asked = l.now;
  }
  ASSERT_NE(asked, timestamp{});
  // The first answer should have come after a round trip; then patience.
  for (const auto holdoff :
       {nack_timer::first_holdoff(milliseconds(5)), nack_timer::holdoff(milliseconds(5), 2),
        nack_timer::holdoff(milliseconds(5), 2)}) {
    const auto quiet_until = asked + holdoff - milliseconds(1);
    asked = {};
    while (l.now < quiet_until) {
      l.hear(l.heartbeat({0, 1}));
      l.wait(microseconds(50));
      ASSERT_TRUE(l.asked_for_nothing()) << "too early by " << (quiet_until - l.now).count();
    }
    const auto give_up = l.now + patience;
    while (asked == timestamp{} && l.now < give_up) {
      l.hear(l.heartbeat({0, 1}));
      l.wait(microseconds(50));
      if (l.take_request().repairs == repairs{{0, 1}})
        asked = l.now;
    }
    ASSERT_NE(asked, timestamp{});
  }
}

TEST(Receiver, AsksAgainWithoutTheLongBackOffOfACrowd) {
  listener l{20 * block_size};
  l.settle();
  const auto beat = [&l] {
    auto m = l.heartbeat({0, 1});
    m.group_size = 10'000;
    return m;
  };
  l.hear(beat());
  l.hear_block(0, {1});
  const auto next_request = [&] {
    for (int i = 0; i < 10'000; ++i) {
      l.hear(beat());
      l.wait(microseconds(50));
      if (!l.take_request().repairs.empty())
        return l.now;
    }
    return timestamp{};
  };
  const auto first = next_request();
  const auto second = next_request();
  const auto third = next_request();
  const auto longest = nack_timer::max_backoff(milliseconds(5), 10'000);
  const auto slack = milliseconds(2);
  EXPECT_LE(second - first, nack_timer::first_holdoff(milliseconds(5))
                              + longest / defaults::nack_backoff_factor + slack);
  EXPECT_GE(third - second, nack_timer::holdoff(milliseconds(5), 10'000));
}

TEST(Receiver, BeforeTheFirstHeartbeatItAsksForNothing) {
  listener l{20 * block_size};
  l.hear_block(0, {1});
  l.hear_block(1);
  l.wait(milliseconds(100));
  EXPECT_TRUE(l.take_said().empty()) << "thousands may be doing the same";
  l.hear(l.heartbeat({0, 2}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, DropsItsRequestWhenTheSenderAnnouncesAsMuch) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  l.hear(l.heartbeat({0, 1}));
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 2}};
  l.hear(m);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
  EXPECT_EQ(l.machine.statistics().requests_suppressed, 1U);
}

TEST(Receiver, AnAnnouncementOfTooLittleDoesNotSilenceIt) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  l.hear(l.heartbeat({0, 1}));
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 1}, {3, 4}};
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
}

TEST(Receiver, AnAnnouncedRepairThatNeverCameIsAskedForAfterAll) {
  listener l{20 * block_size};
  l.settle();
  l.hear_block(0, {1, 2});
  auto m = l.heartbeat({0, 1});
  m.repairing = {{0, 2}};
  l.hear(m);
  l.wait(patience);
  ASSERT_TRUE(l.asked_for_nothing());
  l.hear(l.heartbeat({0, 1})); // nothing left to repair: it was sent and lost
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 2}}));
}

TEST(Receiver, ABlockThatWaitsBehindOthersItHasNoRoomForIsAskedFor) {
  listener l{20 * block_size, 4};
  l.settle();
  for (const block_number b : {13U, 12U, 11U, 10U})
    l.hear_block(b, {0});
  // Somebody wants all of it. But the sender is not let past block 3 before a block here is free.
  auto m = l.heartbeat({1, 3});
  m.scheduled = {{3, 17}};
  l.hear(m);
  ASSERT_EQ(l.machine.limit(), (position{1, 3}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{10, 1}, {11, 1}, {12, 1}, {13, 1}}));
}

TEST(Receiver, ABlockThatWillBeSentWholeIsNotAskedFor) {
  listener l{20 * block_size, 20};
  l.settle();
  l.hear_block(0, {1, 2});
  auto m = l.heartbeat({0, 1});
  m.scheduled = {{0, 1}, {1, 19}};
  l.hear(m);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
}

TEST(Receiver, ABlockThatIsBeingSentAgainIsNotAskedForYet) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  // Block 5 lacks a symbol when the first pass goes by: the back-off starts at block 6.
  l.hear_block(5, {0});
  auto m = l.heartbeat({0, 6});
  m.scheduled = {{0, 5}, {7, 13}};
  l.hear(m);
  // Before it ends, the next pass begins and brings the first half of block 3.
  m = l.heartbeat({1, 3});
  m.scheduled = {{4, 1}, {7, 13}};
  l.hear(m);
  l.hear_symbol(3, 0);
  l.hear_symbol(3, 1);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{5, 1}}));
}

TEST(Receiver, ASymbolOvertakenByTheNextPassDoesNotMoveIt) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  l.settle();
  const auto late = l.voice.say_symbol(l.object, 17, 0);
  const auto late_without_room = l.voice.say_symbol(l.object, 18, 0);
  l.hear(l.heartbeat({1, 0}));
  ASSERT_EQ(l.machine.limit(), (position{1, 4}));
  l.hear(late);
  for (block_number b = 0; b < 3; ++b)
    l.hear_symbol(b, 0);
  l.hear(late_without_room);
  EXPECT_EQ(l.machine.limit(), (position{1, 3}));
}

TEST(Receiver, AHeartbeatThatWasOvertakenIsIgnored) {
  listener l{20 * block_size};
  l.settle();
  auto old = l.heartbeat({0, 1});
  old.repairing = {{0, 9}};
  const auto old_datagram = l.voice.say(old);
  l.wait(milliseconds(1));
  l.hear_block(0, {1});
  l.hear(l.heartbeat({0, 1}));
  l.hear(old_datagram);
  l.wait(patience);
  EXPECT_EQ(l.take_request().repairs, (repairs{{0, 1}}));
}

TEST(Receiver, ALateJoinerWantsWhatWasPassedButNotWhatIsStillToCome) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{10, 1}, {11, 9}};
  l.hear(m);
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{0, 10}})) << "10 is being sent";
  EXPECT_TRUE(asked.repairs.empty());
}

TEST(Receiver, WantsTheBlockAtTheSendersPlaceWhenTheSenderDoesNotMeanToSendIt) {
  // A later pass served block 0 for somebody and ended there: block 1 is next, but not scheduled. A
  // receiver that took it for the block being sent would wait for it for ever.
  listener l{2 * block_size};
  l.settle();
  auto m = l.heartbeat({1, 1});
  m.scheduled.clear();
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 2}}));
}

TEST(Receiver, WantsOnlyBlocksItHasNothingOf) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(2);
  l.hear_symbol(5, 0);
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{10, 1}, {12, 8}};
  l.hear(m);
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_EQ(asked.wanted, (ranges{{0, 2}, {3, 2}, {6, 4}, {11, 1}}));
  EXPECT_EQ(asked.repairs, (repairs{{5, 3}}));
}

TEST(Receiver, KnowsNothingBeyondAListThatWasCutOffEvenOnceAllOfItCame) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 3});
  m.scheduled = {{3, 1}};
  m.scheduled_all = false;
  l.hear(m);
  l.hear_symbol(3, 0); // the list is empty now
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 3}}));
}

TEST(Receiver, FollowsTheScheduleAsSymbolsArrive) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 10});
  m.scheduled = {{0, 5}, {10, 10}};
  l.hear(m);
  // The sender went past 10, of which nothing came; 0 to 4 are still to come, in the next pass.
  l.hear_symbol(11, 0);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{5, 6}}));
}

TEST(Receiver, WithoutAHeartbeatWantsNothing) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  l.settle();
  l.hear_block(7);
  l.wait(patience);
  EXPECT_TRUE(l.asked_for_nothing());
}

TEST(Receiver, WhereTheScheduleIsCutOffItAssumesNothing) {
  listener l{20 * block_size};
  l.settle();
  auto m = l.heartbeat({0, 4});
  m.scheduled = {{4, 3}, {9, 1}};
  m.scheduled_all = false;
  l.hear(m);
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 4}, {7, 2}}));
}

TEST(Receiver, WantsNoMoreRangesThanAMessageHoldsAndTheRestLater) {
  listener l{200 * block_size, 120};
  l.hear_all_manifests();
  l.settle();
  for (block_number b = 0; b < 200; b += 2)
    l.hear_block(b);
  l.settle();
  auto m = l.heartbeat({1, 0});
  m.scheduled.clear();
  l.hear(m);
  l.wait(patience);
  auto asked = l.take_request().wanted;
  ASSERT_EQ(asked.size(), defaults::max_wanted_ranges);
  EXPECT_EQ(asked.front(), (wire::block_range{1, 1}));
  // The sender took those in; now it is the turn of the others.
  m = l.heartbeat({1, 0});
  m.scheduled = asked;
  l.hear(m);
  l.wait(patience);
  const auto next = l.take_request().wanted;
  ASSERT_EQ(next.size(), defaults::max_wanted_ranges);
  EXPECT_EQ(next.front().first, asked.back().first + 2);
}

TEST(Receiver, DoesNotWantAgainWithinTheHoldoff) {
  listener l{20 * block_size};
  l.settle();
  l.hear(l.heartbeat({0, 5}));
  timestamp asked{};
  for (int i = 0; i < 1000 && asked == timestamp{}; ++i) {
    l.wait(microseconds(50));
    if (!l.take_request().wanted.empty())
      asked = l.now;
  }
  ASSERT_NE(asked, timestamp{});
  const auto holdoff = nack_timer::holdoff(milliseconds(5), 2);
  while (l.now < asked + holdoff - milliseconds(2)) {
    l.hear(l.heartbeat({0, 5}));
    l.wait(milliseconds(1));
    ASSERT_TRUE(l.asked_for_nothing());
  }
  l.wait(milliseconds(3));
  l.hear(l.heartbeat({0, 5}));
  l.wait(patience);
  EXPECT_EQ(l.take_request().wanted, (ranges{{0, 5}}));
}

TEST(Receiver, AskingForARefusedBlocksSymbolsWorksAlsoAfterForgeries) {
  listener l{2 * block_size};
  l.hear_all_manifests();
  l.settle();
  for (symbol_id id = 0; id < k; ++id)
    l.hear(l.voice.say(datagram_type::source, 0, id, bytes(symbol_size, std::byte{0x66})));
  ASSERT_EQ(l.machine.statistics().digest_failures, 1U);
  // The block is empty now; a forgery for it must not make it be forgotten.
  l.hear(damaged(l.voice.say_symbol(l.object, 0, 0)));
  l.hear(l.heartbeat({0, 1}));
  l.wait(patience);
  const auto asked = l.take_request();
  EXPECT_TRUE(asked.repairs == (repairs{{0, k}}) || asked.wanted == (ranges{{0, 1}}));
}

} // namespace
} // namespace receiver_requests_test
} // namespace fleetcast::protocol
