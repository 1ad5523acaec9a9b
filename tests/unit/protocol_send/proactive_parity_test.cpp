#include "protocol/send/proactive_parity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace fleetcast::protocol {
namespace proactive_parity_test {
namespace {

constexpr std::uint16_t k = 128;
constexpr duration patience = milliseconds(20);
constexpr duration block_time = milliseconds(1);

/// A group in which every block lacks some symbols somewhere.
class transmission {
public:
  /// Sends a block of which somebody lacks `need` symbols without parity, and lets them ask.
  void send(double need, double tolerated = 0.3) {
    parity.judge(now, patience, tolerated);
    const auto sent = parity.after(now, block, k);
    for (const auto& more : parity.take_top_ups())
      topped_up += more.symbols;
    if (need > sent) {
      ++asked;
      parity.on_request(block, static_cast<std::uint16_t>(need - sent), 100);
    }
    ++block;
    now += block_time;
  }

  proactive_parity parity{k};
  timestamp now = seconds(1);
  block_number block = 0;
  unsigned asked = 0;
  unsigned topped_up = 0;
};

TEST(ProactiveParity, WithoutRequestsNothingIsAdded) {
  transmission t;
  t.parity.on_report(1000, 10); // whose losses nobody asked to have mended
  for (int i = 0; i < 1000; ++i)
    t.send(0);
  EXPECT_EQ(t.parity.level(), 0);
}

TEST(ProactiveParity, SettlesWhereTheToleratedShareIsAskedFor) {
  std::mt19937_64 random{5};
  std::uniform_int_distribution<int> need{1, 10};
  for (const double tolerated : {0.1, 0.3, 0.5}) {
    transmission t;
    for (int i = 0; i < 2000; ++i)
      t.send(need(random), tolerated);
    t.asked = 0;
    for (int i = 0; i < 4000; ++i)
      t.send(need(random), tolerated);
    EXPECT_NEAR(t.asked / 4000.0, tolerated, 0.05) << tolerated;
    EXPECT_NEAR(t.parity.level(), 10 * (1 - tolerated), 1.5) << tolerated;
  }
}

TEST(ProactiveParity, FallsBackToNothingWhenLossEnds) {
  transmission t;
  for (int i = 0; i < 500; ++i)
    t.send(8);
  EXPECT_GT(t.parity.level(), 6);
  for (int i = 0; i < 2000; ++i)
    t.send(0);
  EXPECT_EQ(t.parity.level(), 0);
}

TEST(ProactiveParity, StartsWithWhatTheGroupsSizeAndTheReportedLossNeed) {
  struct expectation {
    std::size_t group;
    double least;
    double most;
  };
  // The greatest loss of so many receivers at 1 % of 128 and the parity.
  for (const auto& e :
       {expectation{3, 0, 0.5}, expectation{100, 4, 6}, expectation{10'000, 7, 9}}) {
    proactive_parity p{k};
    EXPECT_EQ(p.after(seconds(1), 0, k), 0);
    p.on_report(9900, 100);
    p.on_request(0, 1, e.group);
    EXPECT_GE(p.level(), e.least) << e.group;
    EXPECT_LE(p.level(), e.most) << e.group;
  }
}

TEST(ProactiveParity, WaitsForReportsThatTellTheLoss) {
  proactive_parity p{k};
  p.after(seconds(1), 0, k);
  p.after(seconds(1), 1, k);
  p.on_report(100, 3); // may be chance: 3 %
  p.on_request(0, 1, 10'000);
  EXPECT_LT(p.level(), 1);
  p.on_report(4900, 50);
  p.on_request(1, 1, 10'000);
  EXPECT_GE(p.level(), 7);
  EXPECT_LE(p.level(), 9);
}

TEST(ProactiveParity, TopsUpWhatWasSentBeforeItKnew) {
  proactive_parity p{k};
  for (block_number b = 0; b < 5; ++b)
    EXPECT_EQ(p.after(seconds(1), b, k), 0);
  EXPECT_TRUE(p.take_top_ups().empty());
  p.on_report(9900, 100);
  p.on_request(0, 1, 10'000);
  const auto more = p.take_top_ups();
  ASSERT_EQ(more.size(), 5U);
  for (block_number b = 0; b < 5; ++b) {
    EXPECT_EQ(more[b].block, b);
    EXPECT_EQ(more[b].symbols, std::lround(p.level()));
  }
  EXPECT_TRUE(p.take_top_ups().empty()) << "twice";
}

TEST(ProactiveParity, JumpsWhenNearlyEveryBlockIsAskedFor) {
  transmission t;
  for (int i = 0; i < 8; ++i)
    t.send(40);
  EXPECT_GE(t.parity.level(), 35);
}

TEST(ProactiveParity, AShortBlockGetsItsShare) {
  transmission t;
  for (int i = 0; i < 8; ++i)
    t.send(40);
  const auto full = t.parity.level();
  EXPECT_NEAR(t.parity.after(t.now, t.block, k / 4), full / 4, 1);
}

TEST(ProactiveParity, NeverAsksForMoreThanTheCodeHas) {
  proactive_parity p{254};
  for (block_number b = 0; b < 100; ++b) {
    EXPECT_LE(p.after(seconds(1), b, 254), 2);
    p.on_report(100, 100);
    p.on_request(b, 254, 10'000);
    for (const auto& more : p.take_top_ups())
      EXPECT_LE(more.symbols, 1);
  }
  EXPECT_LE(p.level(), 1);
}

} // namespace
} // namespace proactive_parity_test
} // namespace fleetcast::protocol
