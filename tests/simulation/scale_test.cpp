/// What docs/simulation.md promises for ten thousand receivers, held at a size that runs in seconds. Virtual
/// time and counts depend on the seed alone, so they may be bounded.
#include "protocol/simulation/group_simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol::simulation {
namespace scale_test {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;

simulation_options group_of(std::size_t receivers, double loss, double burst = 1) {
  simulation_options o;
  o.object_size = 16 * mib;
  o.carried_bytes = 8;
  o.rate = 100'000'000;
  o.suite = wire::seal_suite::none;
  receiver_options r;
  r.down.loss = r.up.loss = loss;
  r.down.mean_burst = r.up.mean_burst = burst;
  r.down.delay = r.up.delay = milliseconds(10);
  o.receivers.assign(receivers, r);
  return o;
}

simulation_outcome run(const simulation_options& options) {
  auto outcome = group_simulation{options}.run();
  EXPECT_TRUE(outcome.finished) << "seed " << options.seed;
  EXPECT_TRUE(outcome.all_intact()) << "seed " << options.seed;
  return outcome;
}

double ratio(duration a, duration b) {
  return static_cast<double>(a.count()) / static_cast<double>(b.count());
}

double sent_ratio(const simulation_outcome& outcome, const simulation_options& o) {
  return static_cast<double>(outcome.bytes_sent) / static_cast<double>(o.object_size);
}

/// The last of receivers `first` to `last`, from its joining.
duration last_of(const simulation_outcome& outcome, std::size_t first, std::size_t last) {
  duration result{};
  for (auto i = first; i < last; ++i)
    result = std::max(result, outcome.receivers[i].took);
  return result;
}

TEST(ScaleTargets, AThousandAtOnePercentCostLittleMoreThanWithoutLoss) {
  auto o = group_of(1000, 0.01);
  const auto loss_free = run(group_of(3, 0));
  for (o.seed = 1; o.seed <= 2; ++o.seed) {
    const auto outcome = run(o);
    EXPECT_LE(sent_ratio(outcome, o), 1.12) << o.seed;
    EXPECT_LE(ratio(outcome.took, loss_free.took), 1.15) << o.seed;
    EXPECT_LE(outcome.feedback_peak, 1000U) << o.seed;
  }
}

TEST(ScaleTargets, AtTenTimesTheRateFeedbackStaysBounded) {
  auto o = group_of(1000, 0.01);
  o.rate *= 10;
  const auto outcome = run(o);
  // All of it is so near the end that a request would outlast it: closing_parity is in every block.
  EXPECT_LE(sent_ratio(outcome, o), 1.13);
  EXPECT_LE(outcome.feedback_peak, 1000U);
}

TEST(ScaleTargets, AHundredthThatLosesTenPercentHardlyDelaysTheOthers) {
  auto o = group_of(300, 0.01, 8);
  auto alone = o;
  alone.receivers.resize(297);
  for (std::size_t i = 297; i < 300; ++i)
    o.receivers[i].down.loss = o.receivers[i].up.loss = 0.1;
  // The last of 297 is one receiver whose last burst came late, in either run: seen over a few runs.
  constexpr int runs = 4;
  double sum = 0;
  for (o.seed = alone.seed = 1; o.seed <= runs; alone.seed = ++o.seed)
    sum += ratio(last_of(run(o), 0, 297), last_of(run(alone), 0, 297));
  EXPECT_LE(sum / runs, 1.05);
}

TEST(ScaleTargets, AJoinerAtHalfTimeTakesOnePassAndDelaysNobody) {
  auto o = group_of(100, 0.01);
  o.object_size = 32 * mib;
  auto calm = group_of(3, 0);
  calm.object_size = o.object_size;
  const auto pass = run(calm).took;
  const auto without = run(o);
  o.receivers.push_back(o.receivers.front());
  o.receivers.back().join_at = pass / 2;
  const auto with = run(o);
  EXPECT_LE(ratio(with.receivers.back().took, pass), 1.1);
  EXPECT_LE(ratio(last_of(with, 0, 100), last_of(without, 0, 100)), 1.02);
}

TEST(ScaleTargets, WithoutLossNoParityIsSent) {
  const auto outcome = run(group_of(200, 0));
  EXPECT_EQ(outcome.sender.repair_datagrams, 0U);
  EXPECT_EQ(outcome.sender.proactive_symbols, 0U);
}

TEST(ScaleTargets, ThousandsThatJoinOrFinishTogetherDoNotAllSpeakAtOnce) {
  auto o = group_of(3000, 0);
  o.object_size = mib / 2; // 45 ms
  const auto outcome = run(o);
  EXPECT_LE(outcome.sender.feedback_messages, 1000U);
  // Nor is each greeted by a heartbeat of its own.
  EXPECT_LE(outcome.sender.control_datagrams, 100U);
}

TEST(CarriedBytes, ChangeNoFigureThatCounts) {
  auto o = group_of(5, 0.02);
  const auto small = run(o);
  o.carried_bytes = 0;
  const auto whole = run(o);
  EXPECT_EQ(small.sender.source_datagrams, whole.sender.source_datagrams);
  EXPECT_EQ(small.sender.repair_datagrams, whole.sender.repair_datagrams);
  EXPECT_EQ(small.took, whole.took);
}

TEST(Observer, SeesTimePassAndStopsTheRun) {
  const auto o = group_of(3, 0);
  group_simulation simulation{o};
  duration seen{};
  const auto outcome = simulation.run([&](const simulation_progress& p) {
    EXPECT_GE(p.virtual_time, seen);
    seen = p.virtual_time;
    return seen < milliseconds(100);
  });
  EXPECT_TRUE(outcome.stopped);
  EXPECT_FALSE(outcome.finished);
  EXPECT_LT(seen, milliseconds(120));
}

} // namespace
} // namespace scale_test
} // namespace fleetcast::protocol::simulation
