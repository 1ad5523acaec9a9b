#include "protocol/defaults.hpp"
#include "protocol/receive/receive_limit_meter.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace receive_limit_meter_test {
namespace {

constexpr timestamp start = seconds(5);
constexpr auto tenth = defaults::limit_span / 10;

/// Lets spans go by in ten steps each; the counters grow from step to step.
class host {
public:
  struct step {
    std::uint64_t received = 100;
    std::uint64_t lost = 0;
    std::uint64_t kernel_drops = 0;
    bool full = false;
  };

  void pass(int steps, const step& each) {
    for (int i = 0; i < steps; ++i) {
      now += tenth;
      state.received += each.received;
      state.lost += each.lost;
      state.kernel_drops += each.kernel_drops;
      state.consumer_fills_cache = each.full;
      meter.observe(now, state);
    }
  }

  timestamp now = start;
  receive_limit_meter::observation state;
  receive_limit_meter meter{start};
};

TEST(ReceiveLimitMeter, DoesNotJudgeBeforeASpanIsOver) {
  host h;
  h.pass(9, {.received = 0});
  EXPECT_EQ(h.meter.factor(), limiting_factor::unknown);
}

TEST(ReceiveLimitMeter, NamesTheSenderWhenAllIsWell) {
  host h;
  h.pass(10, {});
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender);
}

TEST(ReceiveLimitMeter, NamesTheNetworkFromOneLostInTwoHundred) {
  host h;
  h.pass(10, {.received = 1000, .lost = 4});
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender);
  h.pass(10, {.received = 995, .lost = 5});
  EXPECT_EQ(h.meter.factor(), limiting_factor::network);
}

TEST(ReceiveLimitMeter, NamesTheNetworkWhenNothingComes) {
  host h;
  h.pass(10, {.received = 0});
  EXPECT_EQ(h.meter.factor(), limiting_factor::network);
}

TEST(ReceiveLimitMeter, NamesTheHostWhenItsKernelDropped) {
  host h;
  h.pass(10, {.received = 999, .lost = 1, .kernel_drops = 1});
  EXPECT_EQ(h.meter.factor(), limiting_factor::host);
}

TEST(ReceiveLimitMeter, DoesNotBlameTheNetworkForWhatTheKernelDropped) {
  host h;
  h.pass(10, {.received = 90'000, .lost = 60, .kernel_drops = 60});
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender);
}

TEST(ReceiveLimitMeter, NamesTheConsumerWhoFillsTheCacheForAQuarterOfTheTime) {
  host h;
  h.pass(2, {.full = true});
  h.pass(8, {});
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender) << "a fifth";
  h.pass(3, {.full = true});
  h.pass(7, {});
  EXPECT_EQ(h.meter.factor(), limiting_factor::consumer) << "three tenths";
}

TEST(ReceiveLimitMeter, PrefersTheConsumerSinceAFullCacheLosesPacketsToo) {
  host h;
  h.pass(10, {.received = 10, .lost = 50, .kernel_drops = 20, .full = true});
  EXPECT_EQ(h.meter.factor(), limiting_factor::consumer);
}

TEST(ReceiveLimitMeter, JudgesEachSpanByItself) {
  host h;
  h.pass(10, {.received = 10, .lost = 10, .full = true});
  h.pass(10, {});
  // What was full at the end of the first span counts until the next look only.
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender);
}

TEST(ReceiveLimitMeter, TakesLateArrivalsForNoLoss) {
  host h;
  h.pass(10, {.received = 100, .lost = 1});
  h.state.lost = 0; // they came after all
  h.pass(10, {});
  EXPECT_EQ(h.meter.factor(), limiting_factor::sender);
}

} // namespace
} // namespace receive_limit_meter_test
} // namespace fleetcast::protocol
