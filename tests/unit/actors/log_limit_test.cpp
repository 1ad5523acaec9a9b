#include "actors/observe/log_limit.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace log_limit_test {
namespace {

using namespace std::chrono_literals;

constexpr log_limit::rules few{3, 2, 10s};

/// How many of `lines` at `now` are written.
int written(log_limit& limit, std::string_view kind, int lines, log_limit::time now) {
  int result = 0;
  for (int i = 0; i < lines; ++i)
    result += limit.admit(kind, now) ? 1 : 0;
  return result;
}

TEST(LogLimit, LetsABurstThroughAndThenSoManyASecond) {
  log_limit limit{few};
  EXPECT_EQ(written(limit, "refused", 100, 5s), 3);
  EXPECT_EQ(written(limit, "refused", 100, 5s + 499ms), 0);
  EXPECT_EQ(written(limit, "refused", 100, 6s), 2);
  EXPECT_EQ(written(limit, "refused", 100, 1h), 3) << "no more is saved up";
}

TEST(LogLimit, CountsEachKindForItself) {
  log_limit limit{few};
  EXPECT_EQ(written(limit, "refused", 100, 0s), 3);
  EXPECT_EQ(written(limit, "joined", 2, 0s), 2);
}

TEST(LogLimit, TellsOnceWhatWasLeftOutForAWhile) {
  log_limit limit{few};
  written(limit, "refused", 10, 1s);
  written(limit, "refused", 4, 2s); // two of them
  EXPECT_TRUE(limit.take_due(11s - 1ns).empty());
  const auto due = limit.take_due(11s);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].kind, "refused");
  EXPECT_EQ(due[0].lines, 9U);
  EXPECT_EQ(due[0].span, 10s);
  EXPECT_TRUE(limit.take_due(1h).empty());
}

TEST(LogLimit, TellsAllAtTheEnd) {
  log_limit limit{few};
  written(limit, "refused", 4, 1s);
  written(limit, "joined", 5, 1s);
  written(limit, "left", 3, 1s);
  const auto all = limit.take_all(1s);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].lines, 2U) << "joined";
  EXPECT_EQ(all[1].lines, 1U) << "refused";
  EXPECT_TRUE(limit.take_all(1s).empty());
}

} // namespace
} // namespace log_limit_test
} // namespace fleetcast::actors
