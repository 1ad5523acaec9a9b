#include "protocol/send/loss_count.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace loss_count_test {
namespace {

/// `cells` times sixteen datagrams, of which each loses `lost`.
loss_count evenly(int cells, double lost) {
  loss_count result;
  for (int i = 0; i < cells; ++i)
    result.add(16, lost);
  return result;
}

/// As many datagrams; one cell in `every` loses all sixteen.
loss_count in_bursts(int cells, int every) {
  loss_count result;
  for (int i = 0; i < cells; ++i)
    result.add(16, i % every == 0 ? 16 : 0);
  return result;
}

TEST(LossCount, CountsWhatCellsAndTheirRestHold) {
  loss_count c;
  c.add(5, 1);
  EXPECT_EQ(c.cells(), 0U);
  EXPECT_EQ(c.sent(), 5);
  c.add(5, 1);
  EXPECT_EQ(c.cells(), 1U);
  c.add(3, 0);
  EXPECT_EQ(c.sent(), 13);
  EXPECT_EQ(c.lost(), 2);
  EXPECT_DOUBLE_EQ(c.share(), 2.0 / 13);
}

TEST(LossCount, FindsEvenLossesNoMoreThanIndependent) {
  EXPECT_EQ(evenly(20, 4).dispersion(), 1);
  EXPECT_EQ(loss_count{}.dispersion(), 1);
}

TEST(LossCount, FindsBurstsMoreThanIndependent) {
  EXPECT_GT(in_bursts(20, 4).dispersion(), 10);
}

TEST(LossCount, KeepsItsDispersionWhenItForgets) {
  auto c = in_bursts(40, 4);
  const auto before = c.dispersion();
  c.keep(0.25);
  EXPECT_DOUBLE_EQ(c.sent(), 160);
  EXPECT_DOUBLE_EQ(c.dispersion(), before);
}

TEST(LossCount, AddsUpToTheSameInTwoParts) {
  auto sum = in_bursts(20, 4);
  sum.add(in_bursts(20, 4));
  const auto whole = in_bursts(40, 4);
  EXPECT_EQ(sum.sent(), whole.sent());
  EXPECT_EQ(sum.cells(), whole.cells());
  EXPECT_DOUBLE_EQ(sum.dispersion(), whole.dispersion());
}

TEST(LossCount, DoubtsBurstsMoreThanEvenLosses) {
  const auto calm = evenly(40, 0);
  EXPECT_GT(deviation_between(in_bursts(20, 4), calm), 2 * deviation_between(evenly(20, 4), calm));
}

} // namespace
} // namespace loss_count_test
} // namespace fleetcast::protocol
