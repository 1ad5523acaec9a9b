#include "protocol/send/loss_floor.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace loss_floor_test {
namespace {

loss_count of(double sent, double share) {
  loss_count result;
  for (double done = 0; done < sent; done += 20)
    result.add(20, 20 * share);
  return result;
}

TEST(LossFloor, IsNothingBeforeAnythingIsKnown) {
  const loss_floor f;
  EXPECT_EQ(f.share(), 0);
  EXPECT_EQ(f.sure_share(), 0);
  EXPECT_GT(f.excess(of(200, 0.5)), 0) << "nothing excuses such a loss";
  EXPECT_LE(f.excess(of(20, 0.1)), 0) << "two of twenty may be chance";
}

TEST(LossFloor, IsWhatIsLostWhileCalm) {
  loss_floor f;
  f.add_calm(of(2000, 0.2));
  EXPECT_NEAR(f.share(), 0.2, 1e-9);
  EXPECT_LT(f.sure_share(), 0.2);
  EXPECT_GT(f.sure_share(), 0.18);
  EXPECT_LE(f.excess(of(400, 0.22)), 0);
  EXPECT_GT(f.excess(of(400, 0.4)), 0);
}

/// Sending C / (1 - f) into C loses f, for every f.
TEST(LossFloor, IsNotRaisedByWhatIsLostAtSpeed) {
  loss_floor f;
  f.add_calm(of(2000, 0.05));
  f.bound(of(2000, 0.5));
  EXPECT_NEAR(f.share(), 0.05, 1e-9);
}

TEST(LossFloor, IsLoweredByWhatIsNotLostAtSpeed) {
  loss_floor f;
  f.add_calm(of(400, 0.5));
  for (int i = 0; i < 10; ++i)
    f.bound(of(1000, 0.01));
  EXPECT_LT(f.share(), 0.05);
}

TEST(LossFloor, ForgetsSlowly) {
  loss_floor f;
  f.add_calm(of(8000, 0));
  f.add_calm(of(1000, 0.3));
  EXPECT_LT(f.share(), 0.06);
  for (int i = 0; i < 20; ++i)
    f.add_calm(of(1000, 0.3));
  EXPECT_GT(f.share(), 0.25);
}

TEST(LossFloor, BecomesAnotherAtOnceWhereATestHasShownIt) {
  loss_floor f;
  f.add_calm(of(8000, 0));
  f.restart(of(200, 0.3));
  EXPECT_NEAR(f.share(), 0.3, 1e-9);
}

} // namespace
} // namespace loss_floor_test
} // namespace fleetcast::protocol
