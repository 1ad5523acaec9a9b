#include "protocol/receive/signature_budget.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace signature_budget_test {
namespace {

TEST(SignatureBudget, GivesABurstAndThenSoManyASecond) {
  timestamp now = seconds(100);
  signature_budget budget{now};
  for (std::int64_t i = 0; i < defaults::signature_burst; ++i)
    ASSERT_TRUE(budget.take(now)) << i;
  EXPECT_FALSE(budget.take(now));
  std::int64_t given = 0;
  // Asked much more often than it gives, from one fraction of a check to the next.
  for (int i = 0; i < 100'000; ++i) {
    now += microseconds(10);
    given += budget.take(now) ? 1 : 0;
  }
  EXPECT_EQ(given, defaults::signatures_per_second);
}

TEST(SignatureBudget, SavesUpNoMoreThanABurst) {
  timestamp now = seconds(100);
  signature_budget budget{now};
  now += seconds(3600);
  std::int64_t given = 0;
  while (budget.take(now))
    ++given;
  EXPECT_EQ(given, defaults::signature_burst);
}

} // namespace
} // namespace signature_budget_test
} // namespace fleetcast::protocol
