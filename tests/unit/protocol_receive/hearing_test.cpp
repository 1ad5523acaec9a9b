#include "protocol/receive/hearing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fleetcast::protocol {
namespace hearing_test {
namespace {

constexpr timestamp start = seconds(100);

/// Lets time pass in its own steps; gives when the group was to be joined again, since `from`.
std::vector<duration> joins(hearing& h, timestamp from, timestamp until) {
  std::vector<duration> result;
  for (auto now = h.next_event(); now <= until && !h.is_lost(now); now = h.next_event()) {
    const auto before = h.joins();
    h.on_time(now);
    EXPECT_LE(h.joins() - before, 1U);
    if (h.joins() != before)
      result.push_back(now - from);
  }
  return result;
}

TEST(Hearing, IsDeafAfterTwoSecondsAndNotBefore) {
  hearing h{start};
  h.on_time(start + seconds(2) - microseconds(1));
  EXPECT_FALSE(h.is_deaf());
  h.on_time(start + seconds(2));
  EXPECT_TRUE(h.is_deaf());
  EXPECT_FALSE(h.has_heard());
  EXPECT_EQ(h.silence(start + seconds(2)), seconds(2));
}

TEST(Hearing, JoinsAgainAtOnceThreeTimesSoonAndThenSeldom) {
  hearing h{start};
  EXPECT_EQ(joins(h, start, start + seconds(40)),
            (std::vector<duration>{seconds(2), seconds(5), seconds(8), seconds(11), seconds(21)}));
}

TEST(Hearing, ADatagramEndsTheSpellAndTheNextOneBeginsAnew) {
  hearing h{start};
  joins(h, start, start + seconds(12));
  const auto heard = start + seconds(13);
  h.heard(heard);
  EXPECT_FALSE(h.is_deaf());
  EXPECT_TRUE(h.has_heard());
  EXPECT_EQ(joins(h, heard, heard + seconds(10)),
            (std::vector<duration>{seconds(2), seconds(5), seconds(8)}));
  EXPECT_EQ(h.joins(), 7U) << "the number goes on";
}

TEST(Hearing, WhoHearsDoesNotJoinAgain) {
  hearing h{start};
  for (auto now = start; now < start + seconds(60); now += milliseconds(1900)) {
    h.on_time(now);
    h.heard(now);
  }
  EXPECT_EQ(h.joins(), 0U);
  EXPECT_FALSE(h.is_deaf());
}

TEST(Hearing, IsLostAfterTheLimitOfSilence) {
  hearing h{start};
  EXPECT_FALSE(h.is_lost(start + defaults::sender_silence_limit));
  EXPECT_TRUE(h.is_lost(start + defaults::sender_silence_limit + microseconds(1)));
  h.heard(start + seconds(29));
  EXPECT_FALSE(h.is_lost(start + seconds(50)));
}

} // namespace
} // namespace hearing_test
} // namespace fleetcast::protocol
