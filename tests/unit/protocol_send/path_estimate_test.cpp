#include "protocol/defaults.hpp"
#include "protocol/send/path_estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace fleetcast::protocol {
namespace path_estimate_test {
namespace {

constexpr std::size_t datagram = 1250; // 10,000 bits
constexpr bit_rate megabit = 1'000'000;

/// A link, and the reports of the receiver behind it: one a step, which is 20 ms unless told otherwise.
class link {
public:
  explicit link(bit_rate capacity, double own_loss = 0)
    : capacity_(capacity),
      own_loss_(own_loss) {}

  void enter(rate_phase phase) {
    phase_ = phase;
    phases_.enter(phase, packet_ + 1);
    began_with_ = packet_;
  }

  /// Sends for so many steps at `rate`; what does not fit is lost, and of the rest what the link loses anyway. `burst`
  /// more of the first step.
  path_estimate::finding send(bit_rate rate, int steps, double burst = 0) {
    path_estimate::finding all;
    for (int i = 0; i < steps; ++i) {
      const auto count
        = rate * static_cast<std::uint64_t>(step_ / milliseconds(1)) / 1000 / (datagram * 8);
      for (std::uint64_t k = 0; k < count; ++k)
        sent_.add(now_ + step_ * static_cast<std::int64_t>(k) / static_cast<std::int64_t>(count),
                  ++packet_, datagram);
      now_ += step_;
      const auto fits = std::min(1.0, static_cast<double>(capacity_) / static_cast<double>(rate));
      arrived_ += static_cast<double>(count) * fits * (1 - own_loss_) * (1 - (i == 0 ? burst : 0));
      all.overflows |= report().overflows;
    }
    return all;
  }

  /// From now on each report comes so much later than the one before; the next one is in time again if that is the
  /// `most`.
  void delay(duration later, duration most) {
    later_ = later;
    latest_ = most;
  }

  /// A step, from now on.
  void report_every(duration time) { step_ = time; }

  /// From now on, whatever the rate.
  void lose(double share) { own_loss_ = share; }

  /// The phase is over.
  void end_calm() { estimate.end_calm_phase(began_with_); }

  path_estimate estimate;

private:
  path_estimate::finding report() {
    const auto left = sent_.find(packet_);
    late_ = late_ + later_ > latest_ ? duration{} : late_ + later_;
    const path_report r{packet_, static_cast<std::uint64_t>(arrived_), left->bytes, left->at,
                        now_ + late_};
    return estimate.on_report(
      r, {sent_, phases_, phase_, began_with_, estimate.delivers(), 100 * megabit, -never});
  }

  duration step_ = milliseconds(20);
  bit_rate capacity_;
  double own_loss_;
  sent_log sent_;
  phase_log phases_;
  rate_phase phase_ = rate_phase::startup;
  std::uint64_t packet_ = 0;
  std::uint64_t began_with_ = 0;
  timestamp now_ = seconds(1);
  double arrived_ = 0;
  duration late_{};
  duration later_{};
  duration latest_{};
};

/// In cruise, and it is known that the path takes in `rate`.
link settled(bit_rate capacity, bit_rate rate, double own_loss = 0) {
  link l{capacity, own_loss};
  l.enter(rate_phase::relax);
  l.send(rate / 2, 20);
  l.enter(rate_phase::cruise);
  l.send(rate, 30);
  return l;
}

TEST(PathEstimate, KnowsNothingAtFirst) {
  const path_estimate e;
  EXPECT_TRUE(e.is_new());
  EXPECT_EQ(e.takes_in(), 0U);
  EXPECT_EQ(e.delivers(), 0U);
  EXPECT_EQ(e.test_rate(), 0U);
}

TEST(PathEstimate, TakesInWhatArrives) {
  const auto l = settled(100 * megabit, 50 * megabit);
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 50e6, 2e6);
  EXPECT_NEAR(static_cast<double>(l.estimate.delivers()), 50e6, 2e6);
}

TEST(PathEstimate, LearnsAtHighRatesFromReportsThatAreCloseTogether) {
  link l{4000 * megabit};
  l.report_every(milliseconds(5));
  l.enter(rate_phase::relax);
  l.send(1000 * megabit, 20);
  l.enter(rate_phase::cruise);
  l.send(3000 * megabit, 30);
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 3e9, 0.1e9);
}

TEST(PathEstimate, MakesUpForWhatItLosesAtAnyRate) {
  link l{100 * megabit, 0.2};
  l.enter(rate_phase::cruise);
  l.send(50 * megabit, 30);
  for (int i = 0; i < 10; ++i) {
    l.enter(rate_phase::relax);
    l.send(30 * megabit, 20);
    l.end_calm();
    l.enter(rate_phase::cruise);
    l.send(50 * megabit, 30);
  }
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 40e6, 2e6);
  EXPECT_NEAR(static_cast<double>(l.estimate.delivers()), 50e6, 3e6);
}

TEST(PathEstimate, SuspectsAQueueThatOverflowsTwiceInARow) {
  auto l = settled(50 * megabit, 50 * megabit);
  EXPECT_TRUE(l.send(80 * megabit, 30).overflows);
  EXPECT_TRUE(l.estimate.is_suspected());
  EXPECT_NEAR(static_cast<double>(l.estimate.test_rate()), 45e6, 3e6);
}

TEST(PathEstimate, DoesNotSuspectABurst) {
  auto l = settled(100 * megabit, 50 * megabit);
  EXPECT_FALSE(l.send(50 * megabit, 20, 0.9).overflows);
  EXPECT_FALSE(l.estimate.is_suspected());
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 50e6, 2e6) << "nothing is forgotten";
}

TEST(PathEstimate, FindsWhatItTakesInWhereGoingSlowerHelps) {
  link narrow = settled(30 * megabit, 30 * megabit);
  narrow.send(80 * megabit, 30);
  ASSERT_TRUE(narrow.estimate.is_suspected());
  narrow.enter(rate_phase::relax);
  narrow.send(narrow.estimate.test_rate(), 20);
  narrow.end_calm();
  EXPECT_FALSE(narrow.estimate.is_suspected());
  EXPECT_NEAR(static_cast<double>(narrow.estimate.delivers()), 30e6, 2e6);
}

TEST(PathEstimate, RaisesTheFloorWhereGoingSlowerDoesNotHelp) {
  auto radio = settled(200 * megabit, 50 * megabit);
  radio.lose(0.3); // it rains
  radio.send(50 * megabit, 60);
  ASSERT_TRUE(radio.estimate.is_suspected());
  radio.enter(rate_phase::relax);
  radio.send(radio.estimate.test_rate(), 40);
  radio.end_calm();
  EXPECT_FALSE(radio.estimate.is_suspected());
  radio.enter(rate_phase::cruise);
  for (int i = 0; i < 2; ++i) { // what it took in before the rain is forgotten
    radio.estimate.begin_span();
    radio.send(50 * megabit, 30);
  }
  EXPECT_NEAR(static_cast<double>(radio.estimate.delivers()), 50e6, 4e6);
}

TEST(PathEstimate, HasNoSayWhereNearlyAllIsLostAtAnyRate) {
  link l{100 * megabit, 0.9};
  l.enter(rate_phase::cruise);
  l.send(50 * megabit, 60);
  l.enter(rate_phase::relax);
  l.send(4 * megabit, 100);
  l.end_calm();
  EXPECT_TRUE(l.estimate.loses_at_any_rate());
  EXPECT_EQ(l.estimate.delivers(), 0U);
  EXPECT_GT(l.estimate.takes_in(), 0U);
}

TEST(PathEstimate, TakesLateReportsForNoSlowPath) {
  auto l = settled(100 * megabit, 50 * megabit);
  l.delay(milliseconds(18), milliseconds(60)); // a busy host: each fourth is in time
  l.send(50 * megabit, 30);
  for (int i = 0; i < 2; ++i) {
    l.estimate.begin_span();
    l.send(50 * megabit, 60);
  }
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 50e6, 2e6);
}

TEST(PathEstimate, TakesAQueueThatGrowsForASlowPath) {
  auto l = settled(100 * megabit, 50 * megabit);
  l.delay(milliseconds(20), seconds(10)); // half of it waits
  for (int i = 0; i < 3; ++i) {
    l.estimate.begin_span();
    l.send(50 * megabit, 60);
  }
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 25e6, 2e6);
}

TEST(PathEstimate, ABurstDoesNotOverruleTheSearch) {
  auto l = settled(100 * megabit, 50 * megabit);
  l.estimate.end_search();
  l.enter(rate_phase::cruise);
  l.send(50 * megabit, 20, 0.9);
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 50e6, 1e6);
}

/// A burst may last for most of a window.
TEST(PathEstimate, NorDoesABurstAsLongAsAWindow) {
  auto l = settled(20 * megabit, 20 * megabit);
  l.enter(rate_phase::cruise);
  l.send(19 * megabit, 2);
  l.estimate.end_search();
  l.lose(1);
  l.send(19 * megabit, 10);
  l.lose(0);
  l.send(19 * megabit, 4);
  EXPECT_NEAR(static_cast<double>(l.estimate.takes_in()), 20e6, 1e6);
}

/// What waits in a queue when a round of the search begins is not taken in by the time that its datagrams are.
TEST(PathEstimate, CountsTheQueueThatARoundBeginsWith) {
  constexpr auto way = milliseconds(100);
  sent_log sent;
  phase_log phases;
  path_estimate e;
  std::uint64_t packet = 0;
  timestamp now = seconds(1);
  const auto report = [&](std::uint64_t began_with, duration queued) {
    const auto left = sent.find(packet);
    e.on_report({packet, packet, left->bytes, left->at, left->at + way + queued},
                {sent, phases, rate_phase::startup, began_with, 0, 100 * megabit, -never});
  };
  const auto send = [&](int count, duration gap) {
    for (int i = 0; i < count; ++i)
      sent.add(now += gap, ++packet, datagram);
  };
  send(32, milliseconds(1));
  report(0, {});
  send(32, milliseconds(1));
  report(0, milliseconds(20)); // less than a quarter of the way
  ASSERT_NEAR(static_cast<double>(e.takes_in()), 10e6, 4e6);
  const auto round = packet;
  send(32, microseconds(200));
  report(round, milliseconds(20));
  EXPECT_LT(e.takes_in(), 14 * megabit) << "32 datagrams in 6.4 and 20 ms";
}

/// A datagram takes 4.2 ms of a full link of 2.4 Mbit/s; reports come every 4 ms, so four of them may seem to take 14.
TEST(PathEstimate, TakesAHandfulOfArrivalsForNoFasterPath) {
  sent_log sent;
  phase_log phases;
  path_estimate e;
  std::uint64_t packet = 0;
  timestamp now = seconds(1);
  const auto report = [&](std::uint64_t received, duration after) {
    const auto left = sent.find(packet);
    e.on_report({packet, received, left->bytes, left->at, seconds(1) + after},
                {sent, phases, rate_phase::startup, 0, 0, 100 * megabit, -never});
  };
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i)
      sent.add(now += microseconds(400), ++packet, datagram);
  };
  send(8);
  report(8, milliseconds(110));
  send(32);
  report(12, milliseconds(124));
  EXPECT_GT(e.takes_in(), 2 * megabit);
  EXPECT_LT(static_cast<double>(e.takes_in()), 2.5e6);
}

TEST(PathEstimate, ForgetsWithTheSpans) {
  auto l = settled(100 * megabit, 50 * megabit);
  l.estimate.begin_span();
  EXPECT_GT(l.estimate.takes_in(), 0U);
  l.estimate.begin_span();
  EXPECT_EQ(l.estimate.takes_in(), 0U);
}

} // namespace
} // namespace path_estimate_test
} // namespace fleetcast::protocol
