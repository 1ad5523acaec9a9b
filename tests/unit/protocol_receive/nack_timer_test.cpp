#include "protocol/receive/nack_timer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fleetcast::protocol {
namespace nack_timer_test {
namespace {

constexpr duration grtt = milliseconds(10);
constexpr int draws = 20'000;

/// Many back-offs of one receiver, shortest first.
std::vector<duration> sorted_backoffs(std::size_t group_size) {
  nack_timer timer{42};
  std::vector<duration> result;
  for (int i = 0; i < draws; ++i)
    result.push_back(timer.backoff(grtt, group_size));
  std::sort(result.begin(), result.end());
  return result;
}

double share_below(const std::vector<duration>& sorted, duration limit) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), limit);
  return static_cast<double>(at - sorted.begin()) / draws;
}

TEST(NackTimer, RunsFromStartToStop) {
  nack_timer timer{1};
  EXPECT_FALSE(timer.running());
  EXPECT_FALSE(timer.expired(seconds(1000)));
  timer.start(seconds(1), grtt, 10);
  EXPECT_TRUE(timer.running());
  EXPECT_GE(timer.due(), seconds(1));
  EXPECT_LE(timer.due(), seconds(1) + nack_timer::max_backoff(grtt, 10));
  EXPECT_FALSE(timer.expired(timer.due() - duration{1}));
  EXPECT_TRUE(timer.expired(timer.due()));
  timer.stop();
  EXPECT_FALSE(timer.running());
  EXPECT_EQ(timer.due(), never);
}

TEST(NackTimer, ItsLongestWaitGrowsWithTheGroupUpToK) {
  EXPECT_EQ(nack_timer::max_backoff(grtt, 0), grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, 1), grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, 2), grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, 4), 2 * grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, 8), 3 * grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, 16), defaults::nack_backoff_factor * grtt);
  EXPECT_EQ(nack_timer::max_backoff(grtt, UINT32_MAX), defaults::nack_backoff_factor * grtt);
}

TEST(NackTimer, ItsLongestWaitScalesWithTheRoundTrip) {
  for (const std::size_t size : {1, 5, 1000})
    EXPECT_NEAR(static_cast<double>(nack_timer::max_backoff(7 * grtt, size).count()),
                7.0 * static_cast<double>(nack_timer::max_backoff(grtt, size).count()), 10.0);
}

TEST(NackTimer, NeverWaitsLongerThanItsBoundNorLessThanNothing) {
  for (const std::size_t size : {0, 1, 2, 3, 16, 1000, 1'000'000}) {
    const auto all = sorted_backoffs(size);
    EXPECT_GE(all.front(), duration::zero()) << size;
    EXPECT_LE(all.back(), nack_timer::max_backoff(grtt, size)) << size;
    // And it makes use of the whole span.
    EXPECT_GT(all.back(), nack_timer::max_backoff(grtt, size) * 9 / 10) << size;
  }
}

TEST(NackTimer, FewAreEarlyInALargeGroup) {
  // RFC 5740: the chance to be in the first part t of T is (e^(L t/T) - 1) / (e^L - 1).
  for (const std::size_t size : {10, 100, 1000}) {
    const auto all = sorted_backoffs(size);
    const auto longest = nack_timer::max_backoff(grtt, size);
    const auto l = std::log(static_cast<double>(size)) + 1.0;
    for (const double part : {0.25, 0.5, 0.75, 0.9}) {
      const auto limit
        = duration{static_cast<std::int64_t>(part * static_cast<double>(longest.count()))};
      EXPECT_NEAR(share_below(all, limit), std::expm1(l * part) / std::expm1(l), 0.015)
        << "group of " << size << ", first " << part;
    }
  }
}

TEST(NackTimer, TheFirstOfAWholeGroupDoesNotComeWithTheCrowd) {
  // Of 1000 receivers only a handful expire within one round trip of the first.
  int within = 0;
  constexpr int rounds = 50;
  for (int round = 0; round < rounds; ++round) {
    std::vector<duration> group;
    for (std::uint64_t i = 0; i < 1000; ++i)
      group.push_back(nack_timer{static_cast<std::uint64_t>(round) * 1000 + i}.backoff(grtt, 1000));
    const auto first = *std::min_element(group.begin(), group.end());
    within += static_cast<int>(
      std::count_if(group.begin(), group.end(), [&](duration d) { return d < first + grtt; }));
  }
  EXPECT_LT(within / rounds, 30);
}

TEST(NackTimer, TwoReceiversWaitDifferently) {
  EXPECT_NE(nack_timer{1}.backoff(grtt, 100), nack_timer{2}.backoff(grtt, 100));
  EXPECT_EQ(nack_timer{1}.backoff(grtt, 100), nack_timer{1}.backoff(grtt, 100));
}

TEST(NackTimer, AnAnswerGetsARoundTripOnTopOfTheLongestWait) {
  EXPECT_GE(nack_timer::holdoff(grtt, 100), nack_timer::max_backoff(grtt, 100) + grtt);
  EXPECT_LE(nack_timer::holdoff(defaults::max_grtt, UINT32_MAX),
            (defaults::nack_backoff_factor + 3) * defaults::max_grtt);
}

TEST(NackTimer, AFirstAnswerIsNotWaitedForAsLong) {
  EXPECT_GE(nack_timer::first_holdoff(grtt), 2 * grtt);
  EXPECT_LT(nack_timer::first_holdoff(grtt), nack_timer::holdoff(grtt, 1));
}

TEST(NackTimer, WhoAsksAgainWaitsAQuarter) {
  constexpr timestamp now = seconds(1);
  duration longest{};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    nack_timer timer{seed};
    timer.start_again(now, grtt, 1000);
    EXPECT_GE(timer.due(), now);
    longest = std::max<duration>(longest, timer.due() - now);
  }
  EXPECT_LE(longest, nack_timer::max_backoff(grtt, 1000) / 4);
  EXPECT_GT(longest, nack_timer::max_backoff(grtt, 1000) / 5);
}

} // namespace
} // namespace nack_timer_test
} // namespace fleetcast::protocol
