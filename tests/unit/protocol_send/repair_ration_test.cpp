#include "protocol/defaults.hpp"
#include "protocol/send/repair_ration.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace repair_ration_test {
namespace {

constexpr receiver_id alice = 1;
constexpr receiver_id bob = 2;
constexpr receiver_id greedy = 3;
constexpr auto begins = defaults::repair_ration_begins;

repair_ration group_of_three() {
  repair_ration r;
  for (const auto id : {alice, bob, greedy})
    r.add(id);
  return r;
}

TEST(RepairRation, BeginsForWhoHadFarMoreThanItLostAndThanMost) {
  auto r = group_of_three();
  r.charge(greedy, begins);
  EXPECT_FALSE(r.exceeded(greedy));
  r.charge(greedy, 1);
  EXPECT_TRUE(r.exceeded(greedy));
  EXPECT_FALSE(r.exceeded(alice));
}

TEST(RepairRation, NeverBeginsForWhoLostAsMuch) {
  auto r = group_of_three();
  r.on_report(greedy, 50'000);
  r.charge(greedy, 100'000 + begins);
  EXPECT_FALSE(r.exceeded(greedy));
  r.charge(greedy, 1);
  EXPECT_TRUE(r.exceeded(greedy)) << "twice what it lost";
}

TEST(RepairRation, NeverBeginsWhereMostHadAsMuch) {
  auto r = group_of_three();
  r.charge(alice, 10'000);
  r.charge(bob, 10'000);
  r.charge(greedy, 20'000 + begins);
  EXPECT_FALSE(r.exceeded(greedy));
}

TEST(RepairRation, OneOfTwoIsNotMeasuredByItself) {
  repair_ration r;
  r.add(alice);
  r.add(greedy);
  r.charge(greedy, 100'000);
  EXPECT_TRUE(r.exceeded(greedy));
}

TEST(RepairRation, AloneThereIsNone) {
  repair_ration r;
  r.add(greedy);
  r.charge(greedy, 1'000'000);
  EXPECT_FALSE(r.exceeded(greedy));
}

/// Symbols let through while so many source datagrams are sent.
std::uint64_t let_through(repair_ration& r, receiver_id id, int source) {
  std::uint64_t result = 0;
  for (int i = 0; i < source; ++i) {
    r.on_source();
    for (block_number b = 0; b < 8; ++b)
      r.defer({id, b, 128, 0});
    while (const auto next = r.next(false)) {
      EXPECT_EQ(next->from, id);
      result += next->symbols;
      r.charge(id, next->symbols);
    }
    EXPECT_TRUE(r.validate());
  }
  return result;
}

TEST(RepairRation, IsEarnedBySourceDatagrams) {
  auto r = group_of_three();
  r.charge(greedy, 5000);
  let_through(r, greedy, 5000); // pays what it had
  const auto symbols = static_cast<double>(let_through(r, greedy, 10'000));
  EXPECT_NEAR(symbols, 10'000 * defaults::repair_ration, 256);
}

TEST(RepairRation, SavesUpNoMoreThanItsMost) {
  auto r = group_of_three();
  r.charge(greedy, 5000);
  for (int i = 0; i < 1'000'000; ++i)
    r.on_source();
  EXPECT_LE(let_through(r, greedy, 1), static_cast<std::uint64_t>(defaults::max_repair_ration));
}

TEST(RepairRation, WithNothingElseToSendAllGoInTurn) {
  auto r = group_of_three();
  for (block_number b = 0; b < 3; ++b)
    r.defer({greedy, b, 128, 0});
  r.defer({alice, 9, 1, 0});
  EXPECT_FALSE(r.next(false).has_value());
  std::vector<receiver_id> order;
  while (const auto next = r.next(true))
    order.push_back(next->from);
  EXPECT_EQ(order, (std::vector<receiver_id>{alice, greedy, greedy, greedy}));
  EXPECT_FALSE(r.waiting());
}

TEST(RepairRation, ANewerRequestReplacesTheOlderOneForItsBlock) {
  auto r = group_of_three();
  r.defer({greedy, 5, 128, 10});
  r.defer({greedy, 5, 3, 20});
  const auto next = r.next(true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->symbols, 3);
  EXPECT_EQ(next->highest_packet, 20U);
  EXPECT_FALSE(r.waiting());
}

TEST(RepairRation, KeepsABoundedNumberForEach) {
  auto r = group_of_three();
  for (block_number b = 0; b < 10'000; ++b)
    r.defer({greedy, b, 128, 0});
  EXPECT_TRUE(r.validate());
  std::size_t count = 0;
  while (r.next(true))
    ++count;
  EXPECT_EQ(count, defaults::max_repair_requests);
}

TEST(RepairRation, ForgetsWhoLeft) {
  auto r = group_of_three();
  r.charge(greedy, 5000);
  r.defer({greedy, 1, 128, 0});
  r.remove(greedy);
  EXPECT_FALSE(r.waiting());
  EXPECT_FALSE(r.next(true).has_value());
  r.add(greedy);
  EXPECT_FALSE(r.exceeded(greedy));
  EXPECT_TRUE(r.validate());
}

} // namespace
} // namespace repair_ration_test
} // namespace fleetcast::protocol
