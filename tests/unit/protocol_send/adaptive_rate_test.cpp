#include "protocol/send/adaptive_rate.hpp"
#include "protocol/send/bit_rate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <random>

namespace fleetcast::protocol {
namespace adaptive_rate_test {
namespace {

using phase = rate_phase;

constexpr receiver_id alice = 1;
constexpr receiver_id bob = 2;
constexpr std::size_t datagram = 1250; // 10,000 bits
constexpr duration step = milliseconds(20);

/// Sends for one step after the other at the rate asked for, or less, and lets receivers report.
class path {
public:
  /// One step's datagrams, spread over it; at most `most` bits a second.
  void send(bit_rate most = std::numeric_limits<bit_rate>::max()) {
    const auto rate = std::min(machine.rate(now), most);
    const auto count = rate * 20 / 1000 / (datagram * 8);
    for (std::uint64_t i = 0; i < count; ++i)
      machine.on_sent(now + step * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count),
                      ++packet, datagram);
    now += step;
    sent_ = count * datagram * 8 * 50;
  }

  /// Of the last step, bits a second.
  bit_rate sent_rate() const { return sent_; }

  /// `who` has taken in `share` of what left since its last report.
  void report(receiver_id who, double share, std::uint64_t& before, std::uint64_t& received) {
    received += static_cast<std::uint64_t>(static_cast<double>(packet - before) * share);
    before = packet;
    wire::feedback message;
    message.highest_packet = packet;
    message.received_packets = received;
    machine.on_feedback(now, who, message, milliseconds(1));
  }

  void report_alice(double share = 1) { report(alice, share, alice_saw_, alice_received_); }
  void report_bob(double share = 1) { report(bob, share, bob_saw_, bob_received_); }

  adaptive_rate machine;
  timestamp now = seconds(1);
  std::uint64_t packet = 0;

private:
  bit_rate sent_ = 0;
  std::uint64_t alice_saw_ = 0;
  std::uint64_t alice_received_ = 0;
  std::uint64_t bob_saw_ = 0;
  std::uint64_t bob_received_ = 0;
};

TEST(AdaptiveRate, BeginsAtTheStartRate) {
  EXPECT_EQ(adaptive_rate{}.rate(timestamp{}), defaults::start_rate);
}

TEST(AdaptiveRate, DoublesWhileAllArrives) {
  path p;
  for (int i = 0; i < 8; ++i) {
    p.send();
    p.report_alice();
  }
  EXPECT_EQ(p.machine.in(), phase::startup);
  EXPECT_GT(p.machine.rate(p.now), 32 * defaults::start_rate);
}

TEST(AdaptiveRate, NeverBelievesThatMoreArrivedThanLeft) {
  path p;
  for (int i = 0; i < 8; ++i) {
    p.send(defaults::start_rate);
    p.report_alice(1000);
  }
  EXPECT_LE(p.machine.delivered(), defaults::start_rate * 11 / 10);
}

TEST(AdaptiveRate, LeavesStartupWhenNothingMoreArrives) {
  path p;
  for (int i = 0; i < 12 && p.machine.in() == phase::startup; ++i) {
    p.send();
    // A link of 100 Mbit/s; what is above is lost.
    p.report_alice(std::min(1.0, 1e8 / static_cast<double>(p.machine.rate(p.now))));
  }
  EXPECT_EQ(p.machine.in(), phase::drain);
  EXPECT_LT(p.machine.rate(p.now), 100'000'000U);
}

TEST(AdaptiveRate, GoesOnWithCareAfterAStartupRoundThatLostMuch) {
  path p;
  const auto arrives
    = [&] { return std::min(1.0, 1e8 / static_cast<double>(p.machine.rate(p.now))); };
  auto lossy = false;
  while (!lossy) {
    const auto share = arrives();
    p.send();
    p.report_alice(share);
    lossy = share < 0.8;
  }
  EXPECT_EQ(p.machine.in(), phase::startup) << "it grew: the link may take more";
  EXPECT_LE(p.machine.rate(p.now), p.machine.delivered() * 5 / 4);
}

/// A queue that overflows round by round shows a loss that the path does not have at any rate.
TEST(AdaptiveRate, DoesNotTakeAQueueThatOverflowsForAPathThatLoses) {
  path p;
  for (int i = 0; i < 3; ++i) {
    p.send();
    p.report_alice();
  }
  // Each time a fifth more arrives, so that the search goes on, and twice as much left.
  auto link = static_cast<double>(p.machine.delivered());
  for (int i = 0; i < 8; ++i) {
    link *= 1.2;
    p.send(static_cast<bit_rate>(2 * link));
    p.report_alice(std::min(1.0, link / static_cast<double>(p.sent_rate())));
    EXPECT_LE(static_cast<double>(p.machine.delivered()), 1.05 * link) << i;
  }
}

/// Of forty datagrams some more are lost now and then. It may go slower to see whether that helps, and then knows.
TEST(AdaptiveRate, DoesNotTakeChanceForAFullLink) {
  path p;
  auto slow = 0;
  for (int i = 0; i < 200; ++i) {
    p.send(defaults::start_rate);
    p.report_alice(i % 4 == 0 ? 0.9 : 0.7);
    slow += p.machine.rate(p.now) < defaults::start_rate * 9 / 10 ? 1 : 0;
  }
  EXPECT_LE(slow, 80);
  EXPECT_GE(p.machine.delivered(), defaults::start_rate * 9 / 10);
}

TEST(AdaptiveRate, GoesAtTheSlowestReceiversPace) {
  path p;
  for (int i = 0; i < 40; ++i) {
    p.send();
    p.report_alice();
    p.report_bob(std::min(1.0, 5e7 / static_cast<double>(p.machine.rate(p.now))));
  }
  EXPECT_EQ(p.machine.slowest(), bob);
  EXPECT_NEAR(static_cast<double>(p.machine.delivered()), 5e7, 1e7);
}

TEST(AdaptiveRate, NamesTheSlowestWithoutAGap) {
  path p;
  // Between probes both take in the same; what alice has shown in them must last from one to the next,
  // although bursts that bob's queue has no room for restart the measuring of rates.
  for (int i = 0; i < 200; ++i) {
    p.send();
    p.report_alice();
    const auto share = std::min(1.0, 5e7 / static_cast<double>(p.machine.rate(p.now)));
    p.report_bob(i % 3 == 0 ? 0.8 * share : share);
    if (i > 10) {
      ASSERT_EQ(p.machine.slowest(), bob) << "in round " << i << ", " << to_string(p.machine.in());
    }
  }
}

TEST(AdaptiveRate, NamesOneOfTwoThatAreAsSlow) {
  path p;
  constexpr receiver_id carol = 3;
  constexpr receiver_id dave = 4;
  std::array<std::uint64_t, 2> saw{};
  std::array<std::uint64_t, 2> received{};
  for (int i = 0; i < 40; ++i) {
    p.send();
    const auto share = std::min(1.0, 5e7 / static_cast<double>(p.machine.rate(p.now)));
    p.report_alice();
    p.report_bob(share);
    p.report(carol, 1, saw[0], received[0]);
    p.report(dave, share, saw[1], received[1]);
  }
  const auto named = p.machine.slowest();
  EXPECT_TRUE(named == bob || named == dave);
}

TEST(AdaptiveRate, ForgetsAReceiverThatIsGone) {
  path p;
  for (int i = 0; i < 10; ++i) {
    p.send();
    p.report_alice();
    p.report_bob(0.1);
  }
  ASSERT_EQ(p.machine.slowest(), bob);
  p.machine.on_receiver_gone(p.now, bob);
  EXPECT_EQ(p.machine.slowest(), alice);
}

TEST(AdaptiveRate, AccusesNobodyWhenAllDeliverTheSame) {
  path p;
  EXPECT_EQ(p.machine.limited_by(), limiting_factor::unknown);
  for (int i = 0; i < 8; ++i) {
    p.send();
    p.report_alice();
    p.report_bob();
  }
  EXPECT_EQ(p.machine.limited_by(), limiting_factor::network);
  EXPECT_EQ(p.machine.slowest(), std::nullopt);
}

TEST(AdaptiveRate, DoesNotWaitForASilentReceiver) {
  path p;
  p.send();
  p.report_alice();
  p.report_bob(0.1);
  p.send();
  p.report_bob(0.1);
  p.report_alice();
  const auto with_bob = p.machine.rate(p.now);
  // Bob never speaks again; the others go on after the patience for him.
  for (int i = 0; i < 400; ++i) {
    p.send();
    p.report_alice();
  }
  EXPECT_EQ(p.machine.slowest(), alice);
  EXPECT_GT(p.machine.rate(p.now), 10 * with_bob);
}

TEST(AdaptiveRate, TakesNoRateFromAReceiverThatNothingReaches) {
  path p;
  for (int i = 0; i < 6; ++i) {
    p.send();
    p.report_alice();
    p.report_bob(0);
  }
  EXPECT_EQ(p.machine.slowest(), alice);
}

/// It speaks, but no datagram of the group has ever reached it: its switch port is in no group.
TEST(AdaptiveRate, DoesNotWaitForAReceiverThatReportsNothing) {
  path p;
  for (int i = 0; i < 8; ++i) {
    p.send();
    p.report_alice();
    p.machine.on_feedback(p.now, bob, {}, {});
  }
  EXPECT_GT(p.machine.rate(p.now), 32 * defaults::start_rate);
}

TEST(AdaptiveRate, DoesNotWaitLongForAReceiverThatOnlyRepeatsItself) {
  path p;
  for (int i = 0; i < 3; ++i) {
    p.send();
    p.report_alice();
    p.report_bob();
  }
  wire::feedback last;
  last.highest_packet = last.received_packets = p.packet;
  const auto before = p.machine.rate(p.now);
  for (int i = 0; i < 40; ++i) { // 0.8 s
    p.send();
    p.report_alice();
    p.machine.on_feedback(p.now, bob, last, {});
  }
  EXPECT_GT(p.machine.rate(p.now), 4 * before);
}

/// Its reports were lost, or a burst hit it: the others' paths say nothing of its own.
TEST(AdaptiveRate, DoesNotFloodAReceiverThatIsSilentForAMoment) {
  path p;
  for (int i = 0; i < 3; ++i) {
    p.send();
    p.report_bob(std::min(1.0, 1e7 / static_cast<double>(p.sent_rate())));
    p.report_alice();
  }
  ASSERT_EQ(p.machine.in(), phase::startup);
  ASSERT_LE(p.machine.rate(p.now), 12'500'000U);
  for (int i = 0; i < 20; ++i) { // 0.4 s
    p.send();
    p.report_alice();
    ASSERT_LE(p.machine.rate(p.now), 12'500'000U) << i;
  }
}

/// While a queue grows each report comes later than the one before; a search in which the slowest is not waited for
/// would learn nothing, and go on filling it.
TEST(AdaptiveRate, AwaitsReportsThatAQueueDelays) {
  path p;
  struct arrival {
    timestamp at;
    std::uint64_t packet;
  };
  std::deque<arrival> on_the_way; // to bob, behind 18 Mbit/s and a queue without end
  constexpr auto way = milliseconds(120);
  auto free_at = p.now;
  wire::feedback message;
  p.machine.on_receiver_joined(p.now, alice);
  p.machine.on_receiver_joined(p.now, bob);
  for (int i = 0; i < 150 && p.machine.in() == phase::startup; ++i) { // 3 s
    const auto first = p.packet + 1;
    p.send();
    for (auto k = first; k <= p.packet; ++k) {
      free_at = std::max(free_at, p.now) + time_of(datagram, 18'000'000);
      on_the_way.push_back({free_at + way, k});
    }
    p.report_alice();
    for (; !on_the_way.empty() && on_the_way.front().at <= p.now; on_the_way.pop_front())
      message.highest_packet = message.received_packets = on_the_way.front().packet;
    if (message.highest_packet != 0)
      p.machine.on_feedback(p.now, bob, message, way);
  }
  EXPECT_NE(p.machine.in(), phase::startup);
  EXPECT_LT(free_at - p.now, seconds(1)) << "waits in the queue";
}

/// What it takes in is known the better the faster one sends; that the others take in more is no lack of growth.
TEST(AdaptiveRate, MeasuresTheGrowthOfASlowerPathThatComesUp) {
  path p;
  for (int i = 0; i < 5; ++i) {
    p.send();
    p.report_alice();
  }
  const auto before = p.machine.delivered();
  p.report_bob();
  p.send();
  p.report_bob(0.02);
  p.report_alice();
  ASSERT_LT(p.machine.delivered(), before / 8);
  for (int i = 0; i < 20; ++i) {
    p.send();
    p.report_bob();
    p.report_alice();
  }
  EXPECT_GT(p.machine.delivered(), before);
}

/// Each report covers as much time before the round began as after it.
TEST(AdaptiveRate, GrowsAsFastWhenReportsStraddleTheRounds) {
  path p;
  wire::feedback message;
  for (int i = 0; i < 8; ++i) {
    p.send();
    p.report_alice();
    p.send();
    message.highest_packet = message.received_packets = p.packet;
    p.machine.on_feedback(p.now, bob, message, {});
  }
  EXPECT_GT(p.machine.rate(p.now), 64 * defaults::start_rate);
}

/// A path that loses one in seven at any rate, fourteen in a row.
TEST(AdaptiveRate, DoesNotTakeBurstsForAFullPath) {
  path p;
  std::mt19937 random{1};
  auto in_burst = false;
  auto slow = 0;
  const auto arrives = [&] {
    in_burst = in_burst ? random() % 14 != 0 : random() % 84 == 0;
    return !in_burst;
  };
  for (int i = 0; i < 400; ++i) {
    const auto before = p.packet;
    p.send(100'000'000);
    const auto sent = p.packet - before;
    std::uint64_t arrived = 0;
    for (std::uint64_t k = 0; k < sent; ++k)
      arrived += arrives() ? 1 : 0;
    p.report_alice(static_cast<double>(arrived) / static_cast<double>(sent));
    slow += i > 40 && p.machine.rate(p.now) <= 90'000'000U ? 1 : 0;
  }
  // While it tests whether going slower helps, and after probes.
  EXPECT_LE(slow, 360 / 3);
  EXPECT_GT(p.machine.delivered(), 90'000'000U);
}

/// To go slower would not help one that loses nearly all at any rate.
TEST(AdaptiveRate, TakesNoRateFromAReceiverThatLosesNearlyAll) {
  path p;
  for (int i = 0; i < 100; ++i) {
    p.send(100'000'000);
    p.report_alice();
    p.report_bob(0.1);
  }
  EXPECT_GE(p.machine.rate(p.now), 75'000'000U);
}

/// A link of 50 Mbit/s that joins a lane of a gigabit loses nearly all, too; but going slower helps it.
TEST(AdaptiveRate, TellsANarrowLinkFromAPathThatLosesAtAnyRate) {
  path p;
  for (int i = 0; i < 8; ++i) {
    p.send(1'000'000'000);
    p.report_alice();
  }
  ASSERT_GT(p.machine.rate(p.now), 500'000'000U);
  for (int i = 0; i < 100; ++i) {
    p.send(1'000'000'000);
    if (i % 3 == 0) // bob is measured more than once before the rate can follow
      p.report_alice();
    p.report_bob(std::min(1.0, 5e7 / static_cast<double>(p.sent_rate())));
  }
  EXPECT_LT(p.machine.rate(p.now), 250'000'000U);
  EXPECT_EQ(p.machine.slowest(), bob);
}

TEST(AdaptiveRate, ForgetsNothingForTheSwingsOfAReceiverThatLosesNearlyAll) {
  path p;
  for (int i = 0; i < 400; ++i) { // until it is known that going slower does not help bob
    p.send(100'000'000);
    p.report_alice();
    p.report_bob(0.1);
  }
  const auto before = p.machine.delivered();
  ASSERT_GE(before, 80'000'000U);
  for (int i = 0; i < 200; ++i) {
    p.send(70'000'000);
    p.machine.on_held_back(p.now);
    p.report_alice();
    p.report_bob(i % 40 < 20 ? 0.02 : 0.25);
    ASSERT_GE(p.machine.delivered(), before) << i;
  }
}

/// A busy machine: the sender's process gets no processor for a while, then sends all that it owes at once.
TEST(AdaptiveRate, DoesNotTakeItsOwnSleepForASlowPath) {
  path p;
  const auto wake = [&p] {
    p.machine.on_sent(p.now, ++p.packet, 175); // a heartbeat, then nothing
    p.now += milliseconds(18);
    for (int i = 0; i < 70; ++i)
      p.machine.on_sent(p.now, ++p.packet, datagram);
    p.now += milliseconds(3);
  };
  p.send();
  p.report_alice();
  p.report_bob();
  for (int i = 0; i < 2; ++i) {
    wake();
    p.report_alice();
    p.report_bob(); // nothing else is known of either yet
  }
  EXPECT_GE(p.machine.rate(p.now), defaults::start_rate);
}

/// Whatever made it slow: what was found once is not for ever.
TEST(AdaptiveRate, SearchesAnewWhenProbesBringMore) {
  path p;
  const auto both = [&p](double share) {
    p.send();
    p.report_alice(share);
    p.report_bob(share);
  };
  for (int i = 0; i < 300; ++i) // a link of 20 Mbit/s
    both(std::min(1.0, 2e7 / static_cast<double>(p.machine.rate(p.now))));
  ASSERT_LT(p.machine.rate(p.now), 40'000'000U);
  for (int i = 0; i < 50; ++i) // one second: wide again
    both(1);
  EXPECT_GT(p.machine.rate(p.now), 500'000'000U);
}

/// At low rates a sample takes longer than some reports do; a round waits for everybody's.
TEST(AdaptiveRate, WaitsForEverybodysSampleAtLowRates) {
  path p;
  auto steps_in_cruise = 0;
  for (int i = 0; p.machine.in() != phase::probe; ++i) {
    ASSERT_LT(i, 1000);
    p.send(defaults::min_rate); // two datagrams; a sample has 32
    p.report_alice(0.5);
    if (i >= 7)
      p.report_bob(0.5);
    steps_in_cruise += p.machine.in() == phase::cruise ? 1 : 0;
  }
  EXPECT_GE(steps_in_cruise, 8 * 16);
}

TEST(AdaptiveRate, CountsNoRoundInWhichNobodyReported) {
  path p;
  for (int i = 0; i < 8; ++i) {
    p.send();
    p.report_alice();
    p.report_bob();
  }
  const auto before = p.machine.rate(p.now);
  // The network is gone for five seconds: alice repeats herself, bob leaves.
  p.now += seconds(5);
  p.machine.on_receiver_gone(p.now, bob);
  wire::feedback last;
  last.highest_packet = last.received_packets = p.packet;
  for (int i = 0; i < 60; ++i)
    p.machine.on_feedback(p.now, alice, last, {});
  p.send(defaults::start_rate);
  p.report_alice(0.5);
  EXPECT_GE(p.machine.rate(p.now), before / 2);
}

TEST(AdaptiveRate, IgnoresReportsOnPacketsThatNeverLeft) {
  path p;
  wire::feedback message;
  message.highest_packet = std::numeric_limits<std::uint64_t>::max();
  message.received_packets = message.highest_packet;
  p.machine.on_feedback(p.now, alice, message, {});
  p.send();
  p.machine.on_feedback(p.now, alice, message, {});
  EXPECT_EQ(p.machine.rate(p.now), defaults::start_rate);
}

TEST(AdaptiveRate, KeepsSearchingWhileTheWindowHoldsItBack) {
  path p;
  for (int i = 0; i < 20; ++i) {
    p.send(defaults::start_rate);
    p.machine.on_held_back(p.now);
    p.report_alice();
  }
  EXPECT_EQ(p.machine.in(), phase::startup);
  EXPECT_GE(p.machine.rate(p.now), defaults::start_rate * 5 / 4)
    << "a quarter more than is taken in";
}

TEST(AdaptiveRate, SearchesUntilThePathIsFullOrSomethingElseHoldsItBack) {
  path p;
  EXPECT_TRUE(p.machine.searches());
  for (int i = 0; i < 4; ++i) {
    p.send();
    p.report_alice();
  }
  EXPECT_TRUE(p.machine.searches());
  p.send(defaults::start_rate);
  p.machine.on_held_back(p.now);
  p.report_alice();
  EXPECT_FALSE(p.machine.searches()) << "the window's edge";
  for (int i = 0; i < 40 && p.machine.in() != phase::cruise; ++i) {
    p.send();
    p.report_alice(std::min(1.0, 1e8 / static_cast<double>(p.sent_rate())));
  }
  EXPECT_FALSE(p.machine.searches()) << "the path";
}

/// It seems to overflow, twice in a row; while the queue cannot be full it loses as much.
TEST(AdaptiveRate, SearchesOnWhereGoingSlowerDoesNotHelp) {
  path p;
  auto drained = false;
  for (int i = 0; i < 60; ++i) {
    const auto was_in = p.machine.in();
    p.send();
    p.report_alice(i < 3 ? 1 : 0.7);
    drained = drained || p.machine.in() == phase::drain;
    if (was_in == phase::drain && p.machine.in() == phase::startup) {
      EXPECT_LE(p.machine.rate(p.now), p.machine.delivered() * 5 / 4) << "with care";
    }
  }
  EXPECT_TRUE(drained);
  EXPECT_GT(p.machine.delivered(), 30 * defaults::start_rate);
}

/// Its processor is late: it sends half of what it may.
/// Two rounds or more in which Alice loses much, and Bob `bobs` share arrives; reported `late`. Then all arrives. What it does
/// once it knows.
phase after_losses(path& p, double bobs, duration late) {
  for (int i = 0; i < 20 && p.machine.in() == phase::startup; ++i) {
    p.send();
    p.now += late;
    p.report_alice(0.6);
    p.report_bob(bobs);
  }
  EXPECT_EQ(p.machine.in(), phase::drain);
  for (int i = 0; i < 50 && p.machine.in() == phase::drain; ++i) {
    p.send();
    p.report_alice();
    p.report_bob();
  }
  return p.machine.in();
}

void grow(path& p, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    p.send();
    p.report_alice();
    p.report_bob();
  }
}

TEST(AdaptiveRate, SearchesOnAfterABurstAtOneOfManyOnceForEachDoubling) {
  path p;
  grow(p, 5);
  const auto before = p.machine.delivered();
  EXPECT_EQ(after_losses(p, 1, duration{}), phase::startup);
  EXPECT_LE(p.machine.rate(p.now), p.machine.delivered() * 5 / 4) << "with care";
  grow(p, 6);
  EXPECT_GT(p.machine.delivered(), 2 * before);
  EXPECT_EQ(after_losses(p, 1, duration{}), phase::startup) << "it has doubled since";
  EXPECT_EQ(after_losses(p, 1, duration{}), phase::cruise) << "and not since then";
}

TEST(AdaptiveRate, EndsTheSearchWhereAllLostMuch) {
  path p;
  grow(p, 5);
  EXPECT_EQ(after_losses(p, 0.6, duration{}), phase::cruise);
}

TEST(AdaptiveRate, EndsTheSearchAtAQueueThatStoodWhenMuchWasLost) {
  path p;
  grow(p, 5);
  EXPECT_EQ(after_losses(p, 1, milliseconds(50)), phase::cruise);
}

TEST(AdaptiveRate, ReachesTheLinksRateWhenItsWakeUpsAreLate) {
  path p;
  for (int i = 0; i < 25; ++i) {
    p.send(p.machine.rate(p.now) * 6 / 10);
    p.report_alice(std::min(1.0, 2e8 / static_cast<double>(p.sent_rate())));
  }
  ASSERT_EQ(p.machine.in(), phase::cruise);
  EXPECT_NEAR(static_cast<double>(p.sent_rate()), 2e8, 1e7);
}

TEST(AdaptiveRate, TakesTheWindowForNoExcuseWhenMuchIsLost) {
  path p;
  for (int i = 0; i < 20 && p.machine.in() == phase::startup; ++i) {
    p.send();
    p.machine.on_held_back(p.now);
    p.report_alice(std::min(1.0, 4e7 / static_cast<double>(p.machine.rate(p.now))));
  }
  EXPECT_NE(p.machine.in(), phase::startup);
}

TEST(AdaptiveRate, StaysWithinItsBounds) {
  path p;
  for (int i = 0; i < 60; ++i) {
    p.send();
    p.report_alice(1e-3);
  }
  EXPECT_GE(p.machine.rate(p.now), defaults::min_rate);
  EXPECT_LE(p.machine.rate(p.now), defaults::max_rate);
}

} // namespace
} // namespace adaptive_rate_test
} // namespace fleetcast::protocol
