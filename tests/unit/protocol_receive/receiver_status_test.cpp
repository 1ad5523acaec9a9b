#include "tests/unit/protocol_receive/receiver_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receiver_status_test {
namespace {

using fixture::bytes;
using receiver_fixture::block_size;
using receiver_fixture::listener;
using receiver_fixture::patience;
using receiver_fixture::suite;

TEST(Receiver, AnnouncesItselfWithinAStatusIntervalOfTheFirstHeartbeat) {
  listener l{20 * block_size, 4};
  EXPECT_TRUE(l.take_said().empty()) << "it cannot know how many others there are";
  const auto m = l.heartbeat({0, 0});
  l.hear(m);
  l.wait(m.status_interval);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 4}));
  EXPECT_EQ(said[0].free_blocks, 4U);
}

TEST(Receiver, AnnouncesItselfWithoutAHeartbeatToo) {
  listener l{20 * block_size, 4};
  l.wait(defaults::status_keep_alive);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].echo_sent_at, 0U);
  EXPECT_EQ(said[0].received_packets, 0U);
}

/// A switch that fails makes a thousand deaf at once, and the way up may still be good.
TEST(Receiver, SpeaksSeldomWhileItHearsNoHeartbeat) {
  listener l{20 * block_size, 4};
  const auto seldom = [&](const char* when) {
    l.take_said();
    l.wait(seconds(10));
    const auto said = l.take_said();
    EXPECT_GE(said.size(), 3U) << when;
    EXPECT_LE(said.size(), 11U) << when;
  };
  seldom("before the first");
  for (int i = 0; i < 20; ++i) {
    auto m = l.heartbeat({0, 0});
    m.status_interval = milliseconds(5);
    l.hear(m);
    l.wait(milliseconds(10));
  }
  EXPECT_GT(l.take_said().size(), 5U) << "it hears";
  l.wait(defaults::deaf_after);
  seldom("after the last");
}

TEST(Receiver, InAHugeGroupAnnouncesItselfAtARandomTime) {
  auto config_of = [](listener& l, std::uint64_t seed) {
    auto config = fixture::receiver_config_of(l.object.layout(), l.server, suite);
    config.seed = seed;
    return config;
  };
  int early = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    listener l{20 * block_size};
    receiver r{config_of(l, seed), l.memory, l.now};
    auto m = l.heartbeat({0, 0});
    m.status_interval = seconds(20);
    r.on_datagram(l.now, l.voice.say(m));
    const auto heard = l.now;
    for (bytes datagram; !r.take_feedback(l.now, datagram); r.on_time(l.now))
      l.now = r.next_event();
    EXPECT_LE(l.now - heard, seconds(20));
    early += l.now - heard < seconds(2) ? 1 : 0;
  }
  EXPECT_GT(early, 2);
  EXPECT_LT(early, 25);
}

TEST(Receiver, ReportsWhatItReceivedAndLost) {
  listener l{20 * block_size, 4};
  l.hear_all_manifests();
  l.settle();
  l.hear(l.heartbeat({0, 0}));
  const auto heard_at = l.now;
  l.hear_block(0, {1, 2});
  l.hear_block(1);
  for (const block_number b : {2U, 3U, 4U})
    l.hear_symbol(b, 0);
  l.machine.on_kernel_drops(77);
  l.wait(patience);
  const auto m = l.take_request();
  EXPECT_EQ(m.echo_sent_at, static_cast<std::uint64_t>(heard_at.count()));
  EXPECT_GT(m.echo_held, duration::zero());
  EXPECT_LE(m.echo_held, patience);
  EXPECT_EQ(m.highest_packet, l.voice.next_packet() - 1);
  EXPECT_EQ(m.lost_packets, 2U);
  EXPECT_EQ(m.received_packets, l.voice.next_packet() - 3);
  EXPECT_EQ(m.received_packets - m.received_control, 2U * l.object.layout().source_symbols() + 1);
  EXPECT_EQ(m.completed_blocks, 1U);
  EXPECT_EQ(m.free_blocks, 0U);
  EXPECT_EQ(m.dropped_no_room, 1U);
  EXPECT_EQ(m.dropped_by_kernel, 77U);
}

TEST(Receiver, ObjectsWhenTheSenderIsAboutToOutrunIt) {
  listener l{40 * block_size, 4};
  l.settle();
  auto m = l.heartbeat({0, 0});
  m.edge = {0, 4};
  l.hear(m);
  l.wait(defaults::min_status_interval);
  EXPECT_TRUE(l.take_said().empty()) << "there is room for as much";
  m = l.heartbeat({0, 0});
  m.edge = {0, 5};
  l.hear(m);
  l.wait(defaults::min_status_interval);
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 4}));
}

TEST(Receiver, RepeatsItsObjectionBeforeSilenceWouldBeConsent) {
  listener l{40 * block_size, 4};
  l.settle();
  std::size_t said = 0;
  for (int i = 0; i < 40; ++i) {
    auto m = l.heartbeat({0, 0});
    m.edge = {0, i < 2 ? 16U : 4U}; // the sender has heard of it
    l.hear(m);
    l.wait(milliseconds(5));
    said += l.take_said().size();
  }
  // Every second or third heartbeat; the fourth and two round trips would be too late.
  EXPECT_GE(said, 13U);
  EXPECT_LE(said, 21U);
}

TEST(Receiver, DropsAnObjectionThatAnotherOneMadeNeedless) {
  int objected = 0;
  for (int i = 0; i < 20; ++i) {
    listener l{40 * block_size, 4};
    l.settle();
    auto m = l.heartbeat({0, 0});
    m.edge = {0, 16};
    m.group_size = 10'000;
    m.grtt = milliseconds(100);
    m.status_interval = seconds(20);
    l.hear(m);
    l.take_said();
    m = l.heartbeat({0, 0});
    m.edge = {0, 4}; // somebody else was faster
    m.status_interval = seconds(20);
    l.hear(m);
    l.wait(milliseconds(200));
    objected += static_cast<int>(l.take_said().size());
  }
  EXPECT_EQ(objected, 0);
}

TEST(Receiver, WithoutNewsSpeaksRarely) {
  listener l{40 * block_size, 40};
  l.hear(l.heartbeat({0, 0}));
  l.settle();
  int said = 0;
  for (int i = 0; i < 1000; ++i) {
    l.hear(l.heartbeat({0, 0}));
    l.wait(milliseconds(10));
    said += static_cast<int>(l.take_said().size());
  }
  // Ten seconds at status_keep_alive.
  EXPECT_GE(said, 4);
  EXPECT_LE(said, 6);
}

TEST(Receiver, KeepsToItsShareOfTheFeedbackBudget) {
  listener l{4000 * block_size, 4};
  auto m = l.heartbeat({0, 0});
  m.status_interval = milliseconds(100);
  l.hear(m);
  l.settle();
  std::size_t said = 0;
  for (block_number b = 0; b < 1000; ++b) {
    l.hear(l.object.manifest(b, 1, l.server));
    l.hear_block(b); // one block each millisecond, all of them room for news
    l.release_blocks();
    l.wait(milliseconds(1));
    said += l.take_said().size();
  }
  EXPECT_GE(said, 9U);
  EXPECT_LE(said, 11U);
}

TEST(Receiver, TellsTheSenderWhenThereIsRoomAgain) {
  listener l{40 * block_size, 8};
  l.hear_all_manifests();
  auto m = l.heartbeat({0, 0});
  m.status_interval = milliseconds(2);
  l.hear(m);
  for (block_number b = 0; b < 8; ++b)
    l.hear_block(b);
  l.settle();
  l.wait(patience);
  l.take_said();
  l.release_blocks();
  l.wait(milliseconds(2));
  const auto said = l.take_said();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].limit, (position{0, 16}));
  EXPECT_EQ(said[0].free_blocks, 8U);
}

TEST(Receiver, ItsPacketNumbersGrowByOne) {
  listener l{2 * block_size};
  std::uint64_t expected = 1;
  for (int i = 0; i < 5; ++i) {
    bytes datagram;
    do {
      l.now = l.machine.next_event();
      l.machine.on_time(l.now);
    } while (!l.machine.take_feedback(l.now, datagram));
    const auto h = wire::decode(datagram, wire::max_seal_size);
    ASSERT_TRUE(h);
    EXPECT_EQ(h->packet_number, expected++);
    EXPECT_FALSE(l.machine.take_feedback(l.now, datagram));
  }
}

} // namespace
} // namespace receiver_status_test
} // namespace fleetcast::protocol
