#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::protocol {
namespace receiver_silence_test {
namespace {

using receiver_fixture::block_size;
using receiver_fixture::damaged;
using receiver_fixture::listener;

TEST(Receiver, GivesUpAfterTheSenderWasSilentForTheLimit) {
  listener l{2 * block_size};
  l.hear_symbol(0, 0);
  const auto heard = l.now;
  l.wait(defaults::sender_silence_limit);
  EXPECT_FALSE(l.machine.failed());
  EXPECT_EQ(l.machine.last_heard(), heard);
  l.wait(milliseconds(1));
  EXPECT_EQ(l.machine.failed().code, failure_code::sender_silent);
  EXPECT_NE(l.machine.failed().text.find("30 s"), std::string::npos) << l.machine.failed().text;
}

TEST(Receiver, AnyAuthenticDatagramBreaksTheSilence) {
  listener l{2 * block_size};
  for (int i = 0; i < 5; ++i) {
    l.wait(defaults::sender_silence_limit - seconds(1));
    l.hear(l.heartbeat({0, 0}));
  }
  EXPECT_FALSE(l.machine.failed());
}

TEST(Receiver, ForgeriesDoNotBreakTheSilence) {
  listener l{2 * block_size};
  for (int i = 0; i < 31; ++i) {
    l.wait(seconds(1));
    l.hear(damaged(l.voice.say(l.heartbeat({0, 0}))));
  }
  EXPECT_EQ(l.machine.failed().code, failure_code::sender_silent);
}

/// Time goes by while heartbeats keep coming.
void wait_with_heartbeats(listener& l, duration how_long) {
  for (const auto end = l.now + how_long; l.now < end; l.wait(milliseconds(10)))
    l.hear(l.heartbeat({0, 0}));
}

TEST(Receiver, TellsTheSenderThatItsConsumerIsSlow) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b); // and nothing is released
  wait_with_heartbeats(l, 2 * defaults::limit_span);
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::consumer);
  l.take_said();
  l.wait(defaults::status_keep_alive);
  const auto said = l.take_said();
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.front().limited_by, limiting_factor::consumer);
  l.release_blocks();
  wait_with_heartbeats(l, 2 * defaults::limit_span);
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::sender);
}

TEST(Receiver, BlocksThatLackSymbolsAreNotTheConsumers) {
  listener l{20 * block_size};
  l.hear_all_manifests();
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b, {0});
  wait_with_heartbeats(l, defaults::limit_span + milliseconds(100));
  EXPECT_EQ(l.machine.limited_by(), limiting_factor::network);
}

TEST(Receiver, ASleepIsNobodysSilence) {
  listener l{2 * block_size};
  l.hear(l.heartbeat({0, 0}));
  l.wait(seconds(1));
  l.now += seconds(45); // the process is stopped
  l.wait(milliseconds(900));
  EXPECT_FALSE(l.machine.failed()) << l.machine.failed().text;
  EXPECT_FALSE(l.machine.health().is_deaf) << "what waits in the socket was not read yet";
}

TEST(Receiver, IsDeafAndJoinsAgainUntilItHears) {
  listener l{2 * block_size};
  l.wait(seconds(3));
  EXPECT_TRUE(l.machine.health().is_deaf);
  EXPECT_EQ(l.machine.health().joins, 1U);
  l.hear(damaged(l.voice.say(l.heartbeat({0, 0}))));
  EXPECT_TRUE(l.machine.health().is_deaf) << "anybody can send something to the group";
  l.hear(l.heartbeat({0, 0}));
  EXPECT_FALSE(l.machine.health().is_deaf);
}

TEST(Receiver, OnceCompleteMindsNoSilence) {
  listener l{block_size};
  l.hear_all_manifests();
  l.hear_block(0);
  ASSERT_TRUE(l.machine.complete());
  l.wait(2 * defaults::sender_silence_limit);
  EXPECT_FALSE(l.machine.failed());
  EXPECT_FALSE(l.machine.health().is_deaf);
  EXPECT_EQ(l.machine.health().joins, 0U);
}

} // namespace
} // namespace receiver_silence_test
} // namespace fleetcast::protocol
