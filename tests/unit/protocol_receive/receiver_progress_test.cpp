#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::protocol {
namespace receiver_progress_test {
namespace {

using receiver_fixture::block_size;
using receiver_fixture::k;
using receiver_fixture::listener;
using receiver_fixture::repairs;

constexpr std::uint16_t large_symbol = 1408;

/// The sender goes over the object again and again; only its heartbeats arrive.
void hear_heartbeats_of_passes(listener& l, duration how_long) {
  const auto blocks = l.object.layout().block_count();
  position at{0, 0};
  for (const auto end = l.now + how_long; l.now < end; l.wait(milliseconds(100))) {
    at = at.block + 1 < blocks ? position{at.pass, at.block + 1} : position{at.pass + 1, 0};
    l.voice.lose(10);
    auto m = l.heartbeat(at);
    m.scheduled.clear();
    m.scheduled_all
      = true; // it sends nothing that it announces, to see what a receiver makes of it
    l.hear(m);
  }
}

TEST(Receiver, EndsWithinTenSecondsWhereOnlySmallDatagramsPass) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(10));
  EXPECT_EQ(l.machine.failed().code, failure_code::network_fault);
  EXPECT_NE(l.machine.failed().text.find("1476"), std::string::npos) << l.machine.failed().text;
}

TEST(Receiver, OfWhichOneSymbolCameHasNoSizeToComplainOf) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(7));
  l.hear_symbol(15, 0);
  hear_heartbeats_of_passes(l, seconds(7));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, OfAnObjectThatIsSmallerThanASymbolHasNoSizeToComplainOf) {
  listener l{300, 8, large_symbol};
  hear_heartbeats_of_passes(l, seconds(20));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, ThatNeedsNothingHasNoSizeToComplainOf) {
  listener l{16 * large_symbol * k, 8, large_symbol};
  l.machine.require(l.now, {0, 0});
  hear_heartbeats_of_passes(l, seconds(20));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
}

TEST(Receiver, StallsWhereWhatItAsksForDoesNotComeThoughTheSenderGetsOn) {
  listener l{16 * block_size};
  l.hear_all_manifests();
  hear_heartbeats_of_passes(l, seconds(15));
  EXPECT_FALSE(l.machine.health().stalled);
  hear_heartbeats_of_passes(l, seconds(6));
  ASSERT_TRUE(l.machine.health().stalled);
  EXPECT_GT(l.machine.health().stalled->sent, l.machine.health().stalled->arrived);
  EXPECT_GE(l.machine.health().stalled->requests, 3U);
  EXPECT_FALSE(l.machine.failed()) << "ending is the server's business";
  l.hear_symbol(3, 0);
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, WhoseConsumerHoldsEverythingDoesNotStall) {
  listener l{16 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b); // and nothing is released
  hear_heartbeats_of_passes(l, seconds(30));
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, WhoWaitsForWhatIsAnnouncedDoesNotStall) {
  listener l{16 * block_size};
  for (int i = 0; i < 300; ++i) {
    auto m = l.heartbeat({0, 0});
    m.repairing = {{0, static_cast<std::uint16_t>(1 + i % 2)}}; // it gets on, with others' repairs
    l.hear(m);
    l.wait(milliseconds(100));
  }
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Receiver, SilenceAfterTheLastBlockIsNoFailure) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0);
  ASSERT_TRUE(l.machine.complete());
  l.now += 2 * defaults::sender_silence_limit;
  l.machine.on_time(l.now);
  EXPECT_FALSE(l.machine.failed());
}

} // namespace
} // namespace receiver_progress_test
} // namespace fleetcast::protocol
