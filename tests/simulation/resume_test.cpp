/// Receivers that hold blocks of an earlier session, and the real sender, in virtual time. Every run has a fixed seed,
/// which a failing test prints.
#include "protocol/simulation/group_simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace fleetcast::protocol::simulation {
namespace resume_test {
namespace {

constexpr std::uint64_t block = defaults::symbol_size * defaults::source_symbols;

/// Virtual reading of 1.8 GB/s.
constexpr duration quick_reading = microseconds(100);

simulation_options object_of(block_number blocks, receiver_options first) {
  simulation_options o;
  o.object_size = blocks * block - 1000;
  o.carried_bytes = 64; // digests and codes are real ones, of smaller symbols
  o.receivers = {std::move(first)};
  return o;
}

receiver_options holder(std::vector<wire::block_range> held) {
  receiver_options r;
  r.held = std::move(held);
  r.reread_time = quick_reading;
  return r;
}

simulation_outcome run(const simulation_options& options) {
  SCOPED_TRACE(testing::Message() << "seed " << options.seed);
  auto outcome = group_simulation{options}.run();
  EXPECT_TRUE(outcome.finished);
  EXPECT_TRUE(outcome.all_intact());
  for (const auto& r : outcome.receivers) {
    EXPECT_FALSE(r.failed) << r.failed.text;
    EXPECT_FALSE(r.sent_away);
  }
  return outcome;
}

double share_sent(const simulation_outcome& outcome, const simulation_options& options) {
  return static_cast<double>(outcome.bytes_sent) / static_cast<double>(options.object_size);
}

TEST(Resume, AFirstReceiverThatHoldsNineTenthsMakesTheServerSendOneTenth) {
  auto o = object_of(3000, holder({{0, 2000}, {2100, 500}, {2700, 200}}));
  const auto outcome = run(o);
  EXPECT_GT(share_sent(outcome, o), 0.1);
  EXPECT_LT(share_sent(outcome, o), 0.107);
  EXPECT_EQ(outcome.receivers[0].statistics.blocks_proven, 2700U);
  EXPECT_EQ(outcome.sender.repair_datagrams, 0U);
}

TEST(Resume, OneThatHoldsAllGetsDigestsAlone) {
  auto o = object_of(3000, holder({{0, 3000}}));
  const auto outcome = run(o);
  EXPECT_LT(share_sent(outcome, o), 0.001);
  EXPECT_EQ(outcome.sender.source_datagrams, 0U);
}

TEST(Resume, BeginsSoonerThanTheBlocksHeldAreReadAgain) {
  auto o = object_of(6000, holder({{0, 5400}})); // 1 GiB
  const auto outcome = run(o);
  EXPECT_LT(outcome.took, milliseconds(1000) + milliseconds(500));
}

TEST(Resume, OfAnObjectThatWasReplacedNothingRemains) {
  auto r = holder({{0, 900}});
  r.outdated = {{0, 900}};
  auto o = object_of(1000, r);
  const auto outcome = run(o);
  EXPECT_EQ(outcome.receivers[0].statistics.blocks_refuted, 900U);
  EXPECT_LT(share_sent(outcome, o), 1.05);
}

TEST(Resume, OfACopyWithTwoPercentOfItsBlocksChangedTheseComeAgain) {
  auto r = holder({{0, 3000}});
  std::mt19937_64 random{5};
  for (int i = 0; i < 60; ++i)
    r.outdated.push_back({static_cast<block_number>(random() % 3000), 1});
  auto o = object_of(3000, r);
  const auto outcome = run(o);
  EXPECT_LT(static_cast<double>(outcome.bytes_sent),
            0.025 * static_cast<double>(o.object_size) + (1U << 20U));
}

TEST(Resume, WhatALateJoinerLacksBesideComesToo) {
  auto o = object_of(1000, holder({{0, 900}}));
  o.receivers.emplace_back();
  o.receivers[1].join_at = milliseconds(50);
  const auto outcome = run(o);
  EXPECT_LT(share_sent(outcome, o), 1.15);
}

TEST(Resume, OneThatResumesBesideOthersWantsNothingOfWhatItHolds) {
  auto o = object_of(1000, {});
  o.receivers.push_back(holder({{100, 900}}));
  o.receivers[1].join_at = milliseconds(50);
  const auto outcome = run(o);
  EXPECT_LT(share_sent(outcome, o), 1.15);
  EXPECT_EQ(outcome.receivers[1].statistics.blocks_proven, 900U);
  EXPECT_LT(outcome.sender.feedback_messages, 1000U) << "it does not ask for what is coming";
}

class ResumeAtLoss : public testing::TestWithParam<double> {};

TEST_P(ResumeAtLoss, WithReorderingAndDuplicationEveryReceiverGetsEveryByte) {
  constexpr std::uint32_t blocks = 200;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random{seed};
    const auto below
      = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
    auto o = object_of(blocks, {});
    o.receivers.clear();
    for (int i = 0; i < 3; ++i) {
      auto r = holder({});
      for (auto b = below(20); b < blocks; b += 1 + below(40)) {
        const auto count = std::min(1 + below(30), blocks - b);
        r.held.push_back({b, count});
        if (below(4) == 0)
          r.outdated.push_back({b + below(count), 3});
        b += count;
      }
      r.down.loss = r.up.loss = GetParam();
      r.down.jitter = r.up.jitter = milliseconds(2);
      r.down.duplication = r.up.duplication = 0.05;
      r.cache_blocks = 8;
      r.consume_time = microseconds(500);
      r.join_at = milliseconds(below(100));
      o.receivers.push_back(r);
    }
    o.validate = true;
    o.seed = seed;
    run(o);
  }
}

INSTANTIATE_TEST_SUITE_P(Loss, ResumeAtLoss, testing::Values(0.0, 0.05, 0.3),
                         [](const testing::TestParamInfo<double>& at) {
                           return std::to_string(static_cast<int>(at.param * 100 + 0.5))
                                  + "Percent";
                         });

TEST(Resume, ManyThatComeBackTogetherAskLittle) {
  auto o = object_of(400, {});
  o.receivers.clear();
  for (std::uint32_t i = 0; i < 40; ++i)
    o.receivers.push_back(holder({{0, 340 + i}}));
  const auto outcome = run(o);
  EXPECT_LT(share_sent(outcome, o), 0.17);
  EXPECT_LT(outcome.sender.feedback_messages, 40U * 10U);
}

} // namespace
} // namespace resume_test
} // namespace fleetcast::protocol::simulation
