#include "protocol/receive/proof_pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fleetcast::protocol {
namespace proof_pace_test {
namespace {

constexpr timestamp start = seconds(100);
constexpr duration holdoff = milliseconds(30);
constexpr duration patience = holdoff + defaults::proof_patience;

TEST(ProofPace, AsksAtOnceAndAgainWhenAllWasAnswered) {
  proof_pace pace;
  EXPECT_TRUE(pace.may_ask(start, holdoff));
  pace.on_asked(start, 2, 1);
  const auto later = start + milliseconds(1); // by then one manifest can have been checked
  EXPECT_FALSE(pace.may_ask(later, holdoff));
  pace.on_answer(later);
  EXPECT_FALSE(pace.may_ask(later, holdoff)) << "one is still to come";
  pace.on_answer(later);
  EXPECT_TRUE(pace.may_ask(later, holdoff));
}

TEST(ProofPace, WaitsAsLongAsAnswersCome) {
  proof_pace pace;
  pace.on_asked(start, 100, 7);
  auto now = start;
  for (int i = 0; i < 20; ++i) {
    now += patience / 2;
    EXPECT_FALSE(pace.may_ask(now, holdoff));
    pace.on_answer(now);
  }
  EXPECT_FALSE(pace.may_ask(now + patience - duration{1}, holdoff));
  EXPECT_TRUE(pace.may_ask(now + patience, holdoff)) << "the rest got lost";
}

TEST(ProofPace, AsksLessAndLessOftenInVain) {
  proof_pace pace;
  auto now = start;
  pace.on_asked(now, 1, 1);
  for (unsigned doublings = 0; doublings <= defaults::max_proof_doublings + 2; ++doublings) {
    const auto wait = patience * (1U << std::min(doublings, defaults::max_proof_doublings));
    EXPECT_FALSE(pace.may_ask(now + wait - duration{1}, holdoff)) << doublings;
    now += wait;
    ASSERT_TRUE(pace.may_ask(now, holdoff)) << doublings;
    pace.on_asked(now, 1, 1);
  }
  pace.on_answer(now);
  pace.on_asked(now, 1, 1);
  EXPECT_TRUE(pace.may_ask(now + patience, holdoff)) << "an answer makes it patient again";
}

TEST(ProofPace, AsksForNoMoreThanTheReceiverMayCheck) {
  proof_pace pace;
  pace.on_asked(start, 1, 256);
  pace.on_answer(start);
  const auto checked = start + 256 * duration{seconds(1)} / defaults::signatures_per_second;
  EXPECT_FALSE(pace.may_ask(checked - duration{1}, holdoff));
  EXPECT_TRUE(pace.may_ask(checked, holdoff));
}

} // namespace
} // namespace proof_pace_test
} // namespace fleetcast::protocol
