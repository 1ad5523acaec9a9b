#include "protocol/defaults.hpp"
#include "protocol/send/group_liveness.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace group_liveness_test {
namespace {

using changes = std::vector<group_liveness::change>;
using enum exclusion;

constexpr timestamp start = seconds(100);
constexpr duration grtt = milliseconds(10);
constexpr duration patience
  = defaults::progress_patience + defaults::progress_patience_rounds * grtt;
constexpr receiver_id alice = 1;
constexpr receiver_id bob = 2;
constexpr std::uint64_t k = 128;

/// An object of so many blocks of 128 symbols, and what was sent of it.
struct course {
  explicit course(std::uint32_t blocks)
    : layout(*geometry::make(std::uint64_t{blocks} * 1408 * k, 1408, k)),
      machine(layout) {}

  void join(receiver_id id) { machine.add(now, id, sent); }

  /// Of a receiver that got everything that was sent, and completed so much of it.
  changes report(receiver_id id, std::uint32_t completed, std::uint32_t free = 8) {
    return report_share(id, completed, 1, free);
  }

  /// Of one that got this share of the symbols, and all the rest.
  changes report_share(receiver_id id, std::uint32_t completed, double share,
                       std::uint32_t free = 8) {
    wire::feedback m;
    m.received_packets
      = sent.control + static_cast<std::uint64_t>(static_cast<double>(sent.symbols) * share);
    m.received_control = static_cast<std::uint32_t>(sent.control);
    m.lost_packets = sent.control + sent.symbols - m.received_packets;
    m.completed_blocks = completed;
    m.free_blocks = free;
    auto result = machine.on_report(now, id, m, false, sent);
    EXPECT_TRUE(machine.validate());
    return result;
  }

  /// Of one that says how many datagrams came and how many did not, and nothing else.
  changes report_counts(receiver_id id, std::uint64_t received, std::uint64_t lost) {
    wire::feedback m;
    m.received_packets = received;
    m.lost_packets = lost;
    return machine.on_report(now, id, m, false, sent);
  }

  changes judge(bool asked_waits = false) {
    auto result = machine.judge(now, grtt, asked_waits);
    EXPECT_TRUE(machine.validate());
    return result;
  }

  void send(std::uint64_t blocks) {
    sent.symbols += blocks * k;
    sent.control += blocks;
  }

  geometry layout;
  group_liveness machine;
  group_liveness::traffic sent;
  timestamp now = start;
};

TEST(Liveness, WhoCompletesABlockNowAndThenCountsForEver) {
  course c{10'000};
  c.join(alice);
  for (std::uint32_t done = 1; done < 40; ++done) {
    c.now += seconds(20);
    c.send(300);
    EXPECT_EQ(c.report(alice, done), changes{});
    EXPECT_EQ(c.judge(), changes{});
  }
  EXPECT_TRUE(c.machine.counts(alice));
}

TEST(Liveness, WhoWasServedAndCompletesNothingStopsCountingAndIsThenSentAway) {
  course c{300};
  c.join(alice);
  c.join(bob);
  c.send(500);
  c.now += patience - milliseconds(1);
  c.report(alice, 0);
  EXPECT_EQ(c.judge(), changes{}) << "patience";
  c.now += milliseconds(1);
  EXPECT_EQ(c.judge(), (changes{{alice, no_progress, false, none}}));
  EXPECT_FALSE(c.machine.counts(alice));
  EXPECT_EQ(c.machine.why(alice), no_progress);
  EXPECT_FALSE(c.machine.paces(alice));
  EXPECT_TRUE(c.machine.counts(bob));
  EXPECT_EQ(c.machine.why(bob), none);
  EXPECT_EQ(c.machine.why(99), none) << "nobody";
  EXPECT_EQ(c.judge(), changes{}) << "said once";
  c.now += patience;
  EXPECT_EQ(c.judge(true), changes{}) << "something that was asked for is still to come";
  EXPECT_EQ(c.judge(), (changes{{alice, no_progress, true, no_progress}}));
}

TEST(Liveness, ABlockCompletedMakesItCountAgain) {
  course c{300};
  c.join(alice);
  c.send(500);
  c.now += patience;
  c.report(alice, 0);
  ASSERT_EQ(c.judge().size(), 1U);
  EXPECT_EQ(c.report(alice, 1), (changes{{alice, none, false, no_progress}}));
  c.now += patience;
  EXPECT_EQ(c.judge(), changes{});
}

/// Blocks that are sent, of 100 that are lacking, until a receiver that gets such a share of them is sent away.
std::uint64_t served_at(double share, exclusion why = no_progress) {
  course c{100};
  c.join(alice);
  c.now += 3 * patience;
  for (std::uint64_t sent = 0; sent < 10'000; sent += 10) {
    c.report_share(alice, 0, share);
    for (const auto& change : c.judge())
      if (change.sent_away && change.why == why)
        return sent;
    c.send(10);
  }
  return 10'000;
}

/// Where three of five get lost it takes two and a half times as much, and half as much again. Where less arrives than
/// completes a block of 255 encoding symbols, they come again, and most that arrive are there already.
TEST(Liveness, WhoIsSentLittleBesideWhatItLosesIsNotServedYet) {
  EXPECT_EQ(served_at(1), 150U);
  EXPECT_EQ(served_at(0.6), 250U);
  EXPECT_EQ(served_at(1.0 / 3), 520U);
  EXPECT_EQ(served_at(0.15), 1290U);
  EXPECT_EQ(served_at(0.05), 4070U);
}

TEST(Liveness, WhereNothingArrivesMoreOfItIsNoHelp) {
  EXPECT_EQ(served_at(0.02, unreached), 150U);
}

/// Heartbeats and manifests arrive where symbols are too large.
TEST(Liveness, HeartbeatsThatArriveAreNoSymbols) {
  course c{1000};
  c.join(alice);
  c.sent.control = 5000;
  c.send(4);
  c.now += patience;
  c.report_share(alice, 0, 0);
  EXPECT_EQ(c.judge(), (changes{{alice, no_progress, false, none}})) << "so few are enough";
}

/// Says how many control datagrams arrived, or not, as receivers of version 1.
wire::feedback report_of(const course& c, std::uint64_t received, std::uint32_t received_control) {
  wire::feedback m;
  m.echo_sent_at = 1;
  m.received_packets = received;
  m.received_control = received_control;
  m.lost_packets = c.sent.symbols + c.sent.control - received;
  return m;
}

TEST(Liveness, WhereHeartbeatsGetLostLikeSymbolsSymbolsArrive) {
  course c{100};
  c.join(alice);
  c.sent.control = 20'000;
  c.sent.symbols = 10'000;
  c.machine.on_report(c.now, alice, report_of(c, 2'100, 1'400), false, c.sent);
  EXPECT_TRUE(c.machine.hears_hardly_anything(alice));
  EXPECT_GT(c.machine.allowance(alice), 1'000 * k) << "seven of a hundred do arrive";
}

TEST(Liveness, WhoDoesNotSayWhatArrivedMayHaveGotAllHeartbeatsAndNoSymbol) {
  course c{100};
  c.join(alice);
  c.sent.control = 20'000;
  c.sent.symbols = 10'000;
  c.machine.on_report(c.now, alice, report_of(c, 20'000, 0), false, c.sent);
  EXPECT_TRUE(c.machine.hears_hardly_anything(alice));
  EXPECT_EQ(c.machine.allowance(alice), 60 * k + defaults::least_asked_symbols);
}

TEST(Liveness, AFullCacheOfWholeBlocksIsWaitedForLongAndNeverSentAway) {
  course c{10'000};
  c.join(alice);
  c.join(bob);
  c.send(64);
  c.report(alice, 64, 0);
  const auto since = c.now;
  while (c.now < since + defaults::full_cache_patience) {
    EXPECT_EQ(c.judge(), changes{});
    c.now += seconds(1);
    c.machine.on_hold(alice, seconds(1));
    c.report(alice, 64, 0);
  }
  EXPECT_EQ(c.judge(), (changes{{alice, full_cache, false, none}, {bob, none, false, newcomer}}));
  // The others go on, and it takes none of it.
  c.send(100'000);
  c.now += seconds(3600);
  c.report(alice, 64, 0);
  EXPECT_EQ(c.judge(), changes{});
}

TEST(Liveness, WhoHoldsTheOthersWithoutABlockIsWaivedAndThenSentAway) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  c.report(alice, 0, 0);
  c.now += patience;
  EXPECT_EQ(c.judge(), changes{});
  c.machine.on_hold(alice, patience);
  EXPECT_EQ(c.judge(), (changes{{alice, holds_window, false, none}}));
  c.now += patience - milliseconds(1);
  EXPECT_EQ(c.judge(), changes{});
  c.now += milliseconds(1);
  EXPECT_EQ(c.judge(), (changes{{alice, holds_window, true, holds_window}}));
}

TEST(Liveness, ANewcomerCountsWithItsFirstBlock) {
  course c{1000};
  c.join(alice);
  c.send(10);
  c.report(alice, 10);
  c.join(bob);
  EXPECT_FALSE(c.machine.counts(bob));
  EXPECT_TRUE(c.machine.paces(bob)) << "lest its link be flooded";
  c.now += patience - milliseconds(1);
  EXPECT_EQ(c.judge(), changes{}) << "time alone changes nothing";
  EXPECT_EQ(c.report(bob, 1), (changes{{bob, none, false, newcomer}}));
  EXPECT_TRUE(c.machine.counts(bob));
}

TEST(Liveness, WhoStartsWithTheOthersAndGetsNothingHoldsUpNobodyFromTheFirstBlockOn) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  EXPECT_TRUE(c.machine.counts(bob));
  c.send(1);
  EXPECT_EQ(c.report(alice, 1), (changes{{bob, newcomer, false, none}}));
  EXPECT_TRUE(c.machine.counts(alice));
  EXPECT_TRUE(c.machine.paces(bob));
  EXPECT_EQ(c.report(alice, 2), changes{}) << "said once";
  EXPECT_EQ(c.report(bob, 1), (changes{{bob, none, false, newcomer}}));
}

TEST(Liveness, ANewcomerThatWasServedAndCompletesNothingNoLongerPaces) {
  course c{300};
  c.join(alice);
  c.report(alice, 1);
  c.join(bob);
  c.send(500);
  c.now += patience;
  c.report(alice, 2);
  c.report(bob, 0);
  EXPECT_EQ(c.judge(), (changes{{bob, no_progress, false, newcomer}}));
  EXPECT_FALSE(c.machine.paces(bob));
}

TEST(Liveness, WhomNextToNothingReachesPacesNobodyWhileOthersHearWellFromTheStartOn) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  c.sent.symbols = 10'000;
  EXPECT_EQ(c.report_counts(bob, 0, 9'000), changes{}) << "perhaps nobody hears";
  EXPECT_EQ(c.report_counts(alice, 9'000, 0), changes{});
  EXPECT_EQ(c.report_counts(bob, 0, 9'500), (changes{{bob, no_progress, false, none}}));
  EXPECT_FALSE(c.machine.paces(bob));
  EXPECT_EQ(c.report_counts(bob, 1'500, 9'500), (changes{{bob, none, false, no_progress}}))
    << "bad luck";
  EXPECT_TRUE(c.machine.paces(bob));
}

/// Its link of 2.4 Mbit/s lost 93 % in the flood of a search that another one's link of 24 Mbit/s took.
TEST(Liveness, ANarrowLinkThatIsFloodedIsReachedAndPaces) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  c.sent.symbols = 2000;
  EXPECT_EQ(c.report_counts(alice, 1900, 0), changes{});
  EXPECT_EQ(c.report_counts(bob, 71, 1900), changes{});
  EXPECT_TRUE(c.machine.paces(bob));
}

TEST(Liveness, OneThatHardlyAnythingReachedYetPacesAgainOnceSomeSymbolsDid) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  c.sent.symbols = 2000;
  c.report_counts(alice, 1900, 0);
  EXPECT_EQ(c.report_counts(bob, 2, 60), (changes{{bob, no_progress, false, none}}));
  EXPECT_EQ(c.report_counts(bob, 7, 900), changes{});
  EXPECT_EQ(c.report_counts(bob, 9, 990), (changes{{bob, none, false, no_progress}}));
}

TEST(Liveness, ASearchThatWentTooFarIsNotTakenForAPathThatNothingPasses) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  c.send(10);
  c.report(alice, 1);
  c.send(10);
  EXPECT_EQ(c.report_share(bob, 0, 0.15), changes{});
  EXPECT_TRUE(c.machine.paces(bob));
}

TEST(Liveness, WhereNobodyHasABlockNobodyIsNew) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  EXPECT_TRUE(c.machine.counts(alice));
  EXPECT_TRUE(c.machine.counts(bob));
}

TEST(Liveness, ANewcomerThatNothingReachesPacesNobody) {
  course c{1000};
  c.join(alice);
  c.send(10);
  c.report(alice, 10);
  c.join(bob);
  wire::feedback m;
  m.lost_packets = 600;
  c.send(10);
  EXPECT_EQ(c.machine.on_report(c.now, bob, m, false, c.sent),
            (changes{{bob, no_progress, false, newcomer}}));
  EXPECT_FALSE(c.machine.paces(bob));
}

TEST(Liveness, ANewcomerThatIsLeftAloneCounts) {
  course c{1000};
  c.join(alice);
  c.report(alice, 10);
  c.join(bob);
  EXPECT_EQ(c.machine.remove(alice), (changes{{bob, none, false, newcomer}}));
  EXPECT_TRUE(c.machine.counts(bob));
  EXPECT_TRUE(c.machine.validate());
}

TEST(Liveness, WhoSaysThatItHasABlockAndThenHoldsAllIsNotWaitedForLongerThanOthers) {
  course c{1000};
  c.join(alice);
  c.join(bob);
  EXPECT_EQ(c.report(bob, 1), (changes{{alice, newcomer, false, none}}));
  c.machine.on_hold(bob, patience);
  c.now += patience;
  EXPECT_EQ(c.judge(), (changes{{bob, holds_window, false, none}, {alice, none, false, newcomer}}));
  EXPECT_TRUE(c.machine.counts(alice));
}

TEST(Liveness, AskingWithoutProgressHasAnEnd) {
  course c{100};
  c.join(alice);
  const auto all = c.machine.allowance(alice);
  EXPECT_EQ(all, 100 * k + defaults::least_asked_symbols) << "what it lacks, once";
  c.machine.charge(alice, all - 1);
  EXPECT_EQ(c.machine.allowance(alice), 1U);
  c.machine.charge(alice, 5);
  EXPECT_EQ(c.machine.allowance(alice), 0U);
  c.report(alice, 1);
  EXPECT_GT(c.machine.allowance(alice), 0U) << "a block pays for more";
}

TEST(Liveness, WhereNothingArrivesLessMayBeAskedForAndWhereMuchIsLostMore) {
  course c{100};
  c.join(alice);
  c.send(100);
  c.report_share(alice, 0, 0);
  EXPECT_EQ(c.machine.allowance(alice), 60 * k + defaults::least_asked_symbols);
  c.report_share(alice, 0, 0.6);
  EXPECT_NEAR(static_cast<double>(c.machine.allowance(alice)),
              200.0 * k + defaults::least_asked_symbols, 10);
}

/// One with a small cache is sent blocks again and again that it has no room for: it may ask until it is sent away.
TEST(Liveness, WhoLacksLittleMayAskForAsMuchAsLeadsToBeingSentAway) {
  course c{10};
  c.join(alice);
  c.send(100);
  c.report_share(alice, 0, 1);
  EXPECT_EQ(c.machine.allowance(alice), 64 * k + defaults::least_asked_symbols);
  c.report_share(alice, 0, 0);
  EXPECT_EQ(c.machine.allowance(alice), 6 * k + defaults::least_asked_symbols);
}

TEST(Liveness, OneThatNothingReachesIsGivenMoreTimeThanItGivesItself) {
  course c{1000};
  c.join(alice);
  wire::feedback m;
  c.machine.on_report(c.now, alice, m, true, c.sent);
  c.machine.on_hold(alice, seconds(100));
  c.now += defaults::deaf_patience - milliseconds(1);
  EXPECT_EQ(c.judge(), changes{}) << "nor does it hold anybody: its word is old";
  c.now += milliseconds(1);
  EXPECT_EQ(c.judge(), (changes{{alice, deaf, true, none}}));
}

TEST(Liveness, WhoHearsNowAndThenIsNotDeaf) {
  course c{1000};
  c.join(alice);
  wire::feedback m;
  for (int i = 0; i < 10; ++i) {
    c.machine.on_report(c.now, alice, m, true, c.sent);
    c.now += defaults::deaf_patience - milliseconds(1);
    EXPECT_EQ(c.judge(), changes{});
    c.machine.on_report(c.now, alice, m, false, c.sent);
  }
}

TEST(Liveness, TimeInWhichTheSenderHadNoTurnIsNobodys) {
  course c{300};
  c.join(alice);
  c.send(500);
  c.report(alice, 0);
  c.now += seconds(40);
  c.machine.excuse(c.now, seconds(40));
  EXPECT_EQ(c.judge(), changes{});
  c.now += patience;
  EXPECT_EQ(c.judge(), (changes{{alice, no_progress, false, none}}));
}

TEST(Liveness, WhoHasEverythingIsNotAsked) {
  course c{10};
  c.join(alice);
  c.report(alice, 10, 0);
  c.send(1000);
  c.now += seconds(1000);
  c.machine.on_hold(alice, seconds(1000));
  c.report(alice, 10, 8);
  EXPECT_EQ(c.judge(), changes{});
}

TEST(Liveness, WhoHasEverythingAndSendsNoReceiptIsSentAwayAtLast) {
  course c{10};
  c.join(alice);
  c.join(bob);
  c.now += seconds(1000);
  c.report(alice, 10);
  c.now += defaults::receipt_patience - milliseconds(1);
  c.report(alice, 10);
  c.report(bob, 10);
  EXPECT_EQ(c.judge(), changes{});
  c.now += milliseconds(1);
  EXPECT_EQ(c.judge(), (changes{{alice, no_receipt, true, none}}));
}

TEST(Liveness, MoreBlocksThanThereAreAreNoProgress) {
  course c{10};
  c.join(alice);
  for (std::uint32_t more = 0; more < 10; ++more) {
    c.report(alice, 10 + more);
    c.now += defaults::receipt_patience / 10;
  }
  EXPECT_EQ(c.judge(), (changes{{alice, no_receipt, true, none}}));
}

} // namespace
} // namespace group_liveness_test
} // namespace fleetcast::protocol
