#include "protocol/send/loss_history.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace loss_history_test {
namespace {

constexpr duration short_rtt = milliseconds(10);
constexpr duration full_queue = milliseconds(50);

/// An event after so many datagrams, one of which was lost.
void lose_after(loss_history& h, double datagrams) {
  h.on_packets(datagrams, 1);
  h.on_event();
}

/// Event after event with a thousand datagrams between, the queue short in between.
loss_history one_of_a_thousand() {
  loss_history h;
  h.on_round_trip(full_queue);
  h.begin(1000);
  for (int i = 0; i < 20; ++i) {
    h.on_round_trip(short_rtt);
    h.on_packets(999, 0);
    h.on_round_trip(full_queue);
    lose_after(h, 1);
  }
  return h;
}

TEST(LossHistory, KnowsOfNoEventAtFirst) {
  loss_history h;
  h.on_round_trip(short_rtt);
  h.on_packets(1'000'000, 0);
  EXPECT_TRUE(h.empty());
  EXPECT_EQ(h.event_rate(), 0);
}

TEST(LossHistory, BeginsWithWhatItIsTold) {
  loss_history h;
  h.begin(500);
  EXPECT_FALSE(h.empty());
  EXPECT_DOUBLE_EQ(h.event_rate(), 1.0 / 500);
  loss_history none;
  none.begin(0);
  EXPECT_DOUBLE_EQ(none.event_rate(), 1);
}

TEST(LossHistory, ItsRateIsOneOverTheWeightedMean) {
  auto h = one_of_a_thousand();
  EXPECT_DOUBLE_EQ(h.event_rate(), 1.0 / 1000);
  h.on_round_trip(short_rtt);
  lose_after(h, 400);
  // 5 of the weights' 6 that are of the seven before, and 1 of the new one.
  EXPECT_NEAR(h.event_rate(), 1 / ((5 * 1000 + 400) / 6.0), 1e-9);
}

TEST(LossHistory, AQuietTimeLowersIt) {
  auto h = one_of_a_thousand();
  h.on_packets(1000, 0);
  EXPECT_DOUBLE_EQ(h.event_rate(), 1.0 / 1000);
  h.on_packets(2000, 0);
  // 3000 at weight 1, and those before at two thirds of theirs: it is three times their mean.
  EXPECT_NEAR(h.event_rate(), 1 / ((3000 + 5 * 1000 / 1.5) / (1 + 5 / 1.5)), 1e-9);
  h.on_packets(17'000, 0);
  // 20,000 at weight 1, and those before at half of theirs.
  EXPECT_NEAR(h.event_rate(), 1 / ((20'000 + 2.5 * 1000) / 3.5), 1e-9);
}

TEST(LossHistory, EventsWhileTheQueueStaysFullBecomeOneWhenItShrinks) {
  auto h = one_of_a_thousand();
  const auto before = h.event_rate();
  lose_after(h, 100);
  lose_after(h, 100);
  lose_after(h, 100);
  EXPECT_GT(h.event_rate(), 1.3 * before) << "they count while it lasts";
  h.on_round_trip(milliseconds(46)); // less than an eighth of what waits
  EXPECT_GT(h.event_rate(), 1.3 * before);
  h.on_round_trip(milliseconds(44));
  EXPECT_DOUBLE_EQ(h.event_rate(), before);
  // Their datagrams belong to the interval that is open: 300, and 700 more.
  h.on_packets(700, 0);
  h.on_event();
  EXPECT_DOUBLE_EQ(h.event_rate(), before);
}

TEST(LossHistory, AnEventAfterTheQueueHadShrunkIsOneOfItsOwn) {
  auto h = one_of_a_thousand();
  const auto before = h.event_rate();
  h.on_round_trip(short_rtt);
  h.on_round_trip(full_queue);
  lose_after(h, 100);
  const auto own = h.event_rate();
  EXPECT_GT(own, 1.1 * before);
  h.on_packets(100, 1);
  h.on_event(); // this one goes with it
  EXPECT_GT(h.event_rate(), own);
  h.on_round_trip(short_rtt);
  EXPECT_DOUBLE_EQ(h.event_rate(), own);
}

TEST(LossHistory, EachEventCountsWhereMoreIsLostThanAFullQueueLoses) {
  auto h = one_of_a_thousand();
  const auto before = h.event_rate();
  h.on_packets(100, 30);
  h.on_event();
  h.on_packets(100, 30);
  h.on_event();
  h.on_round_trip(short_rtt);
  const auto counted = h.event_rate();
  EXPECT_GT(counted, 1.3 * before);
  // That was then.
  h.on_round_trip(full_queue);
  lose_after(h, 600);
  const auto one = h.event_rate();
  lose_after(h, 100);
  EXPECT_GT(h.event_rate(), one);
  h.on_round_trip(short_rtt);
  EXPECT_DOUBLE_EQ(h.event_rate(), one);
}

TEST(LossHistory, TheEndOfSlowStartMayLoseMuch) {
  loss_history h;
  h.on_round_trip(short_rtt);
  h.on_round_trip(full_queue);
  h.begin(1000);
  h.on_packets(200, 80);
  h.on_event();
  EXPECT_GT(h.event_rate(), 1.3 / 1000);
  h.on_round_trip(short_rtt);
  EXPECT_DOUBLE_EQ(h.event_rate(), 1.0 / 1000);
}

TEST(LossHistory, NoTimeOfCongestionIsLongerThanAMeanInterval) {
  auto h = one_of_a_thousand();
  // The round trip never shortens: a hundred events, 300 apart.
  for (int i = 0; i < 100; ++i)
    lose_after(h, 300);
  EXPECT_DOUBLE_EQ(h.event_rate(), 1.0 / 300);
  h.on_round_trip(short_rtt);
  // The last ones, less than 300 since the time began, are one now; those before remain.
  EXPECT_GE(h.event_rate(), 1.0 / 600);
}

TEST(LossHistory, ALongTimeOfManyEventsTakesBackNoMoreThanItKeeps) {
  for (const int events : {17, 23, 24, 25, 1000}) {
    loss_history h;
    h.on_round_trip(short_rtt);
    h.on_round_trip(full_queue);
    h.begin(1e9);
    for (int i = 0; i < events; ++i)
      lose_after(h, 10);
    EXPECT_DOUBLE_EQ(h.event_rate(), 0.1) << events;
    h.on_round_trip(short_rtt);
    EXPECT_GT(h.event_rate(), 0.001) << events;
  }
}

} // namespace
} // namespace loss_history_test
} // namespace fleetcast::protocol
