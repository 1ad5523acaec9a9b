#include "protocol/send/send_limit_meter.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace send_limit_meter_test {
namespace {

using enum send_activity;

constexpr auto tenth = defaults::limit_span / 10;

class sender_at_work {
public:
  sender_at_work() { meter.enter(now, pacing); }

  /// Does this for so many tenths of a span; true when a span ended.
  bool spend(int tenths, send_activity what) {
    auto ended = meter.enter(now, what);
    now += tenths * tenth;
    ended = meter.enter(now, what) || ended;
    return ended;
  }

  timestamp now = 20 * defaults::limit_span;
  send_limit_meter meter;
};

TEST(SendLimitMeter, BeginsWithItsFirstActivity) {
  send_limit_meter meter;
  EXPECT_FALSE(meter.enter(20 * defaults::limit_span, pacing));
  EXPECT_EQ(meter.verdict(), pacing);
}

TEST(SendLimitMeter, SaysWhenASpanEnds) {
  sender_at_work s;
  EXPECT_FALSE(s.spend(9, pacing));
  EXPECT_TRUE(s.spend(1, pacing));
  EXPECT_FALSE(s.spend(9, pacing));
}

TEST(SendLimitMeter, NamesNoWaitShorterThanAQuarter) {
  sender_at_work s;
  s.spend(2, window);
  s.spend(2, content);
  s.spend(6, pacing);
  EXPECT_EQ(s.meter.verdict(), pacing);
}

TEST(SendLimitMeter, NamesTheLongestWait) {
  for (const auto wait : {drained, window, content, busy}) {
    sender_at_work s;
    s.spend(3, wait == window ? content : window);
    s.spend(4, wait);
    s.spend(3, pacing);
    EXPECT_EQ(s.meter.verdict(), wait) << static_cast<int>(wait);
  }
}

TEST(SendLimitMeter, ForgetsTheSpanBefore) {
  sender_at_work s;
  s.spend(10, window);
  ASSERT_EQ(s.meter.verdict(), window);
  s.spend(10, pacing);
  EXPECT_EQ(s.meter.verdict(), pacing);
}

} // namespace
} // namespace send_limit_meter_test
} // namespace fleetcast::protocol
