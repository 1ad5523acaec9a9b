#include "protocol/send/tcp_friendly_rate.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace fleetcast::protocol {
namespace tcp_friendly_rate_test {
namespace {

constexpr receiver_id alice = 1;
constexpr receiver_id bob = 2;
constexpr std::size_t datagram = 1250; // 10,000 bits
constexpr duration step = milliseconds(10);
constexpr duration rtt = milliseconds(20);

/// Sends step after step at the rate asked for, and lets receivers report.
class path {
public:
  struct listener {
    std::uint64_t before = 0;
    std::uint64_t received = 0;
  };

  void send() {
    const auto count = machine.rate(now) / 100 / (datagram * 8);
    for (std::uint64_t i = 0; i < count; ++i)
      machine.on_sent(now, ++packet, datagram);
    now += step;
  }

  void report(receiver_id who, listener& l, std::uint64_t lost = 0, duration round_trip = rtt) {
    const auto came = packet - l.before;
    l.received += came - std::min(came, lost);
    l.before = packet;
    wire::feedback message;
    message.highest_packet = packet;
    message.received_packets = l.received;
    machine.on_feedback(now, who, message, round_trip);
  }

  /// Rounds in which nothing is lost.
  void quiet(int rounds, receiver_id who, listener& l, duration round_trip = rtt) {
    for (int i = 0; i < rounds; ++i) {
      send();
      report(who, l, 0, round_trip);
    }
  }

  tcp_friendly_rate machine;
  timestamp now = seconds(1);
  std::uint64_t packet = 0;
};

TEST(TcpFriendlyRate, KnowsTheEquation) {
  // RFC 5348's with s = 1250 bytes, R = 100 ms, p = 1 %: by hand.
  // R sqrt(2p/3) = 0.0081650; t_RTO 3 sqrt(3p/8) p (1 + 32 p^2) = 0.4 * 3 * 0.0612372 * 0.01 * 1.0032 = 0.00073720
  EXPECT_NEAR(tcp_friendly_rate::throughput(1250, milliseconds(100), 0.01), 10'000 / 0.0089022,
              500);
  // Twice the round trip, half the rate.
  EXPECT_NEAR(tcp_friendly_rate::throughput(1250, milliseconds(200), 0.01), 5000 / 0.0089022, 250);
}

TEST(TcpFriendlyRate, DoublesARoundTripBeforeTheFirstLoss) {
  path p;
  path::listener a;
  EXPECT_EQ(p.machine.rate(p.now), defaults::start_rate);
  for (int i = 0; i < 30; ++i) {
    const auto before = p.machine.rate(p.now);
    p.send();
    p.report(alice, a);
    EXPECT_LE(p.machine.rate(p.now), 2.1 * static_cast<double>(before));
  }
  EXPECT_GT(p.machine.rate(p.now), 10 * defaults::start_rate);
}

TEST(TcpFriendlyRate, TheFirstLossHalvesIt) {
  path p;
  path::listener a;
  p.quiet(6, alice, a);
  const auto before = static_cast<double>(p.machine.rate(p.now));
  p.send();
  p.report(alice, a, 1);
  const auto after = static_cast<double>(p.machine.rate(p.now));
  EXPECT_LT(after, before * 0.6);
  EXPECT_GT(after, before * 0.2);
}

TEST(TcpFriendlyRate, AFirstLossBeforeAnythingIsMeasuredIsNoReasonToCrawl) {
  // A receiver that joins a transmission at full speed: the second report already tells of losses.
  path p;
  path::listener fast;
  p.quiet(12, alice, fast);
  const auto before = p.machine.rate(p.now);
  path::listener late;
  late.before = p.packet;
  p.report(bob, late);
  p.send();
  p.report(alice, fast);
  p.report(bob, late, 1);
  // Half a round trip's worth came: half of the rate.
  EXPECT_EQ(p.machine.slowest(), bob);
  EXPECT_GT(p.machine.rate(p.now), before / 4);
}

TEST(TcpFriendlyRate, ALossWhenTheQueueHasJustFilledIsJudgedByTheRoundTripOfThen) {
  path p;
  path::listener a;
  p.quiet(12, alice, a);
  p.send();
  p.report(alice, a, 1, 10 * rtt);
  const auto at_once = static_cast<double>(p.machine.rate(p.now));
  p.quiet(40, alice, a, 10 * rtt); // the smoothed round trip comes near
  EXPECT_GT(static_cast<double>(p.machine.rate(p.now)), at_once / 4);
}

TEST(TcpFriendlyRate, ThatLittleArrivesAtTheRateOfAnotherSaysNothing) {
  path p;
  path::listener a;
  path::listener b;
  for (int i = 0; i < 12; ++i) {
    p.send();
    p.report(alice, a);
    p.report(bob, b);
  }
  const auto together = p.machine.rate(p.now);
  // bob's path is ten times as slow: alice sees a tenth of the rate, without a loss.
  for (int i = 0; i < 200; ++i) {
    p.send();
    p.report(alice, a);
    p.report(bob, b, i % 10 == 0 ? 1 : 0, 5 * rtt);
  }
  EXPECT_LT(p.machine.rate(p.now), together / 4);
  EXPECT_EQ(p.machine.slowest(), bob);
  p.machine.on_receiver_gone(p.now, bob);
  EXPECT_GE(p.machine.rate(p.now), together / 2) << "what alice's path was seen to carry";
}

TEST(TcpFriendlyRate, SettlesAtWhatTheEquationSays) {
  path p;
  path::listener a;
  std::uint64_t next_loss = 1000;
  for (int i = 0; i < 3000; ++i) {
    p.send();
    // One of a thousand, evenly: a loss event each.
    const std::uint64_t lost = p.packet >= next_loss ? 1 : 0;
    if (lost > 0)
      next_loss += 1000;
    p.report(alice, a, lost);
  }
  const auto expected = tcp_friendly_rate::throughput(datagram, rtt, 0.001);
  EXPECT_NEAR(static_cast<double>(p.machine.rate(p.now)), expected, expected * 0.1);
}

TEST(TcpFriendlyRate, LossesCloseTogetherAreOneEvent) {
  path one;
  path many;
  path::listener a;
  path::listener b;
  one.quiet(20, alice, a);
  many.quiet(20, alice, b);
  one.send();
  one.report(alice, a, 1);
  many.send();
  many.report(alice, b, 30);
  many.send();
  many.report(alice, b, 30); // half a round trip later
  one.send();
  one.report(alice, a, 0);
  EXPECT_NEAR(static_cast<double>(many.machine.rate(many.now)),
              static_cast<double>(one.machine.rate(one.now)),
              0.1 * static_cast<double>(one.machine.rate(one.now)));
}

TEST(TcpFriendlyRate, FollowsTheWorstAndForgetsItWhenItLeaves) {
  path p;
  path::listener a;
  path::listener b;
  for (int i = 0; i < 400; ++i) {
    p.send();
    p.report(alice, a);
    p.report(bob, b, i % 5 == 0 ? 2 : 0, 3 * rtt);
  }
  EXPECT_EQ(p.machine.slowest(), bob);
  const auto with = p.machine.rate(p.now);
  p.machine.on_receiver_gone(p.now, bob);
  EXPECT_EQ(p.machine.slowest(), alice);
  EXPECT_GE(p.machine.rate(p.now), with);
}

TEST(TcpFriendlyRate, HalvesInSilence) {
  path p;
  path::listener a;
  p.quiet(20, alice, a);
  const auto before = p.machine.rate(p.now);
  EXPECT_EQ(p.machine.rate(p.now + seconds(2)), before);
  EXPECT_NEAR(static_cast<double>(p.machine.rate(p.now + seconds(4))),
              static_cast<double>(before) / 2, 1);
  EXPECT_EQ(p.machine.rate(p.now + seconds(10'000)), defaults::min_rate);
}

TEST(TcpFriendlyRate, IgnoresReportsOfPacketsThatWereNeverSent) {
  path p;
  p.send();
  wire::feedback liar;
  liar.highest_packet = UINT64_MAX;
  liar.received_packets = UINT64_MAX;
  p.machine.on_feedback(p.now, alice, liar, rtt);
  EXPECT_EQ(p.machine.rate(p.now), defaults::start_rate);
  path::listener a;
  p.quiet(5, alice, a);
  EXPECT_GT(p.machine.rate(p.now), defaults::start_rate);
}

/// Not until it is dropped from the group: the others have waited long enough.
TEST(TcpFriendlyRate, ASlowReceiverThatFallsSilentSoonSetsNoRate) {
  for (const auto repeats_itself : {false, true}) {
    path p;
    path::listener a;
    path::listener b;
    for (int i = 0; i < 100; ++i) {
      p.send();
      p.report(alice, a);
      p.report(bob, b, i % 10 == 0 ? 5 : 0);
    }
    ASSERT_EQ(p.machine.slowest(), bob);
    const auto with_bob = p.machine.rate(p.now);
    wire::feedback last;
    last.highest_packet = b.before;
    last.received_packets = b.received;
    for (int i = 0; i < 350; ++i) { // 3.5 s
      p.send();
      p.report(alice, a);
      if (repeats_itself)
        p.machine.on_feedback(p.now, bob, last, rtt);
    }
    EXPECT_GT(p.machine.rate(p.now), 4 * with_bob) << repeats_itself;
  }
}

/// The one that speaks again has a rate of its own only a round trip later; until then nobody had any.
TEST(TcpFriendlyRate, ARateThatNobodySetsAnyMoreIsNotKept) {
  path p;
  path::listener slow;
  path::listener fast;
  for (int i = 0; i < 40; ++i) {
    p.send();
    p.report(alice, slow, i % 2);
  }
  const auto crawl = p.machine.rate(p.now);
  ASSERT_LT(crawl, defaults::start_rate);
  p.now += seconds(10); // alice hears nothing
  p.quiet(100, bob, fast);
  EXPECT_GT(p.machine.rate(p.now), 4 * crawl);
}

} // namespace
} // namespace tcp_friendly_rate_test
} // namespace fleetcast::protocol
