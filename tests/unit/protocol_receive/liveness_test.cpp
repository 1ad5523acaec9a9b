#include "protocol/defaults.hpp"
#include "protocol/receive/liveness.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace liveness_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr std::size_t full = 1448;
constexpr std::size_t ipv4 = 28;

class listener {
public:
  /// Turns in time, as its events ask for them.
  void wait(duration how_long) {
    const auto until = now + how_long;
    while (!failed && machine.next_event() <= until) {
      now = std::max(now, machine.next_event());
      failed = machine.on_time(now, waits_for_consumer);
    }
    now = until;
  }

  /// The process is stopped.
  void sleep(duration how_long) { now += how_long; }

  /// Heartbeats, and nothing of what is sent between them.
  void hear_heartbeats(duration how_long, std::uint64_t lost_between = 30) {
    for (const auto until = now + how_long; now < until && !failed; wait(milliseconds(100))) {
      machine.turn(now);
      machine.heard(packet, 200);
      machine.sender_moved();
      packet += 1 + lost_between;
    }
  }

  liveness machine{full, ipv4, start};
  timestamp now = start;
  bool waits_for_consumer = false;
  failure failed;
  std::uint64_t packet = 1;
};

TEST(Liveness, GivesUpAfterTheLimitOfSilence) {
  listener l;
  l.wait(defaults::sender_silence_limit);
  EXPECT_FALSE(l.failed);
  EXPECT_TRUE(l.machine.health().is_deaf);
  EXPECT_EQ(l.machine.health().joins, 5U);
  l.wait(milliseconds(1));
  EXPECT_EQ(l.failed.code, failure_code::sender_silent);
}

TEST(Liveness, ASleepIsNobodysSilence) {
  listener l;
  for (int i = 0; i < 10; ++i) {
    l.hear_heartbeats(seconds(1), 0);
    l.sleep(seconds(45));
    l.wait(seconds(1));
    EXPECT_FALSE(l.machine.health().is_deaf) << "what waits in the socket was not read yet";
  }
  EXPECT_FALSE(l.failed);
  EXPECT_EQ(l.machine.health().joins, 0U);
}

TEST(Liveness, ASleepInTheMiddleOfSilenceDoesNotEndIt) {
  listener l;
  l.wait(seconds(20));
  l.sleep(seconds(45));
  l.wait(seconds(9));
  EXPECT_FALSE(l.failed);
  l.wait(seconds(2));
  EXPECT_EQ(l.failed.code, failure_code::sender_silent);
}

TEST(Liveness, TellsTheSizesThatArriveAndThatDoNot) {
  listener l;
  l.hear_heartbeats(seconds(10));
  ASSERT_EQ(l.failed.code, failure_code::network_fault);
  EXPECT_LE(l.now - start, seconds(10));
  EXPECT_NE(l.failed.text.find("228 bytes"), std::string::npos) << l.failed.text;
  EXPECT_NE(l.failed.text.find("1476 bytes"), std::string::npos) << l.failed.text;
  EXPECT_NE(l.failed.text.find("MTU"), std::string::npos) << l.failed.text;
}

TEST(Liveness, ASleepIsNoTimeWithoutFullDatagrams) {
  listener l;
  l.hear_heartbeats(seconds(2));
  l.sleep(seconds(45));
  l.hear_heartbeats(seconds(2));
  EXPECT_FALSE(l.failed) << l.failed.text;
}

TEST(Liveness, StallsWhereFullDatagramsComeAndNoneOfThemHelps) {
  listener l;
  for (int i = 0; i < 21; ++i) {
    l.machine.turn(l.now);
    l.machine.heard(l.packet++, full);
    l.machine.sender_moved();
    l.machine.asked();
    l.wait(seconds(1));
  }
  EXPECT_FALSE(l.failed);
  ASSERT_TRUE(l.machine.health().stalled);
  EXPECT_EQ(l.machine.health().stalled->requests, 21U);
  l.machine.got_on();
  EXPECT_FALSE(l.machine.health().stalled);
}

TEST(Liveness, WhoWaitsForItsConsumerDoesNotStall) {
  listener l;
  l.waits_for_consumer = true;
  for (int i = 0; i < 60; ++i) {
    l.machine.turn(l.now);
    l.machine.heard(l.packet++, full);
    l.machine.sender_moved();
    l.machine.asked();
    l.wait(seconds(1));
  }
  EXPECT_FALSE(l.machine.health().stalled);
}

} // namespace
} // namespace liveness_test
} // namespace fleetcast::protocol
