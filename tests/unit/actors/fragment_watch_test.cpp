#include "actors/receive/fragment_watch.hpp"

#include <gtest/gtest.h>

namespace fleetcast::actors {
namespace fragment_watch_test {
namespace {

TEST(FragmentWatch, FindsThatMostDatagramsWerePutTogether) {
  fragment_watch watch{10};
  EXPECT_TRUE(watch.find(10 + 600, 1'000));
}

TEST(FragmentWatch, MindsNoFragmentsOfOthers) {
  fragment_watch watch{10};
  EXPECT_FALSE(watch.find(10 + 400, 1'000));
  EXPECT_FALSE(watch.find(10 + 800, 2'000)) << "half of what came since the last look, not in all";
}

TEST(FragmentWatch, LooksNowAndThenUntilItIsSo) {
  fragment_watch watch{0};
  EXPECT_FALSE(watch.is_worth_a_look(499));
  EXPECT_TRUE(watch.is_worth_a_look(500));
  EXPECT_FALSE(watch.find(0, 500));
  EXPECT_FALSE(watch.is_worth_a_look(999));
  EXPECT_TRUE(watch.find(500, 1'000));
  EXPECT_FALSE(watch.is_worth_a_look(5'000)) << "it was said";
}

} // namespace
} // namespace fragment_watch_test
} // namespace fleetcast::actors
