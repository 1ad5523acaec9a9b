#include "protocol/defaults.hpp"
#include "protocol/require.hpp"
#include "protocol/send/repair_schedule.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace fleetcast::protocol {
namespace repair_schedule_test {
namespace {

using outcome = repair_schedule::outcome;

class RepairSchedule : public testing::Test {
protected:
  static constexpr std::uint16_t k = 100;

  /// What receivers that have seen everything so far ask for.
  outcome ask(block_number block, std::uint16_t symbols) {
    return repairs_.request(block, symbols, next_packet_ - 1);
  }

  /// Sends what is owed for a block. Returns the ids in the order of sending.
  std::vector<symbol_id> send(block_number block, std::uint16_t burst = UINT16_MAX) {
    std::vector<symbol_id> result;
    while (repairs_.owed(block) > 0) {
      const auto b = repairs_.take(block, burst, next_packet_);
      EXPECT_GT(b.count, 0);
      EXPECT_LE(b.count, burst);
      for (std::uint16_t i = 0; i < b.count; ++i)
        result.push_back(static_cast<symbol_id>(b.first + i));
      next_packet_ += b.count;
      EXPECT_TRUE(repairs_.validate());
    }
    return result;
  }

  geometry layout_ = geometry::make(20'000 * k, 1, k).value();
  repair_schedule repairs_{layout_};
  std::uint64_t next_packet_ = 1000;
};

TEST_F(RepairSchedule, OwesNothingAtFirst) {
  EXPECT_TRUE(repairs_.empty());
  EXPECT_EQ(repairs_.owed(3), 0);
  EXPECT_TRUE(repairs_.validate());
}

TEST_F(RepairSchedule, OwesTheGreatestRequestNotTheSum) {
  EXPECT_EQ(ask(3, 5), outcome::added);
  EXPECT_EQ(ask(3, 2), outcome::covered);
  EXPECT_EQ(ask(3, 5), outcome::covered);
  EXPECT_EQ(repairs_.owed(3), 5);
  EXPECT_EQ(ask(3, 7), outcome::added);
  EXPECT_EQ(repairs_.owed(3), 7);
  EXPECT_EQ(send(3).size(), 7U);
  EXPECT_TRUE(repairs_.empty());
}

TEST_F(RepairSchedule, ARequestThatCrossedItsAnswerAddsNothing) {
  const auto seen = next_packet_ - 1;
  ASSERT_EQ(ask(3, 5), outcome::added);
  send(3);
  EXPECT_EQ(repairs_.request(3, 5, seen), outcome::covered);
  EXPECT_EQ(repairs_.owed(3), 0);
  EXPECT_TRUE(repairs_.empty());
}

TEST_F(RepairSchedule, ARequestThatSawItsAnswerIsANewOne) {
  ASSERT_EQ(ask(3, 5), outcome::added);
  send(3);
  EXPECT_EQ(ask(3, 2), outcome::added);
  EXPECT_EQ(repairs_.owed(3), 2);
}

TEST_F(RepairSchedule, ARequestThatSawPartOfItsAnswerIsOwedTheRest) {
  ASSERT_EQ(ask(3, 10), outcome::added);
  const auto first = next_packet_;
  send(3, 4);
  // It saw the first six of ten; four are on their way.
  EXPECT_EQ(repairs_.request(3, 4, first + 5), outcome::covered);
  EXPECT_EQ(repairs_.request(3, 7, first + 5), outcome::added);
  EXPECT_EQ(repairs_.owed(3), 3);
}

TEST_F(RepairSchedule, WhatIsStillQueuedCountsAsComing) {
  ASSERT_EQ(ask(3, 10), outcome::added);
  const auto seen = next_packet_ - 1;
  next_packet_ += repairs_.take(3, 4, next_packet_).count;
  EXPECT_EQ(repairs_.owed(3), 6);
  EXPECT_EQ(repairs_.request(3, 10, seen), outcome::covered);
  EXPECT_EQ(repairs_.request(3, 11, seen), outcome::added);
  EXPECT_EQ(repairs_.owed(3), 7);
}

TEST_F(RepairSchedule, BlocksDoNotAnswerForOneAnother) {
  const auto seen = next_packet_ - 1;
  ASSERT_EQ(ask(3, 5), outcome::added);
  send(3);
  EXPECT_EQ(repairs_.request(4, 5, seen), outcome::added);
  EXPECT_EQ(repairs_.owed(4), 5);
}

TEST_F(RepairSchedule, SendsFreshRepairSymbolsFirstAndThenSourceSymbols) {
  const symbol_id cycle = defaults::max_encoding_symbols;
  std::vector<symbol_id> sent;
  while (sent.size() < cycle) {
    ask(3, 60);
    for (const auto id : send(3, 32))
      sent.push_back(id);
  }
  for (symbol_id i = 0; i < cycle; ++i)
    ASSERT_EQ(sent[i], (i + k) % cycle) << i;
  EXPECT_EQ((std::set<symbol_id>{sent.begin(), sent.begin() + cycle}).size(), cycle);
}

TEST_F(RepairSchedule, BeginsTheCycleAgainWhenAllSymbolsWereSent) {
  std::size_t sent = 0;
  while (sent < defaults::max_encoding_symbols) {
    const auto rest = defaults::max_encoding_symbols - sent;
    ask(3, static_cast<std::uint16_t>(std::min<std::size_t>(k, rest)));
    sent += send(3).size();
  }
  ASSERT_EQ(sent, defaults::max_encoding_symbols);
  ask(3, 1);
  EXPECT_EQ(send(3), std::vector<symbol_id>{k});
}

TEST_F(RepairSchedule, ABurstIsAllSourceOrAllRepairSymbols) {
  for (int round = 0; round < 40; ++round) {
    ask(3, 90);
    while (repairs_.owed(3) > 0) {
      const auto b = repairs_.take(3, 32, next_packet_);
      next_packet_ += b.count;
      const auto last = b.first + b.count - 1;
      ASSERT_LT(last, int{defaults::max_encoding_symbols});
      ASSERT_EQ(b.first < k, last < k) << b.first << " to " << last;
    }
  }
}

TEST_F(RepairSchedule, NobodyIsOwedMoreThanTheWholeBlock) {
  EXPECT_EQ(ask(3, UINT16_MAX), outcome::added);
  EXPECT_EQ(repairs_.owed(3), k);
}

TEST_F(RepairSchedule, TheLastBlockOwesNoMoreThanItsOwnSymbols) {
  const repair_schedule::outcome added = outcome::added;
  repair_schedule repairs{geometry::make(k + 3, 1, k).value()};
  EXPECT_EQ(repairs.request(1, 50, 0), added);
  EXPECT_EQ(repairs.owed(1), 3);
  EXPECT_EQ(repairs.take(1, 50, 1).first, 3);
}

TEST_F(RepairSchedule, ARequestForNothingAddsNothing) {
  EXPECT_EQ(ask(3, 0), outcome::covered);
  EXPECT_TRUE(repairs_.empty());
}

TEST_F(RepairSchedule, ServesTheOldestRequestFirst) {
  ask(8, 1);
  ask(2, 1);
  ask(5, 1);
  ask(8, 4);
  EXPECT_EQ(repairs_.blocks(), (std::deque<block_number>{8, 2, 5}));
  send(8);
  EXPECT_EQ(repairs_.blocks(), (std::deque<block_number>{2, 5}));
}

TEST_F(RepairSchedule, RefusesMoreBlocksThanItsBound) {
  const auto bound = static_cast<block_number>(defaults::max_queued_repairs);
  for (block_number b = 0; b < bound; ++b)
    ASSERT_EQ(ask(b, 1), outcome::added);
  EXPECT_EQ(ask(bound, 1), outcome::refused);
  EXPECT_EQ(repairs_.owed(bound), 0);
  // Blocks that wait already are still served, and one that leaves makes room.
  EXPECT_EQ(ask(0, 2), outcome::added);
  send(0);
  EXPECT_EQ(ask(bound, 1), outcome::added);
  EXPECT_TRUE(repairs_.validate());
}

TEST_F(RepairSchedule, RefusesMoreBlocksThanItsBoundWhenItRemembersThemToo) {
  const auto bound = static_cast<block_number>(defaults::max_queued_repairs);
  for (block_number b = 0; b < bound; ++b) {
    ask(b, 1);
    send(b);
  }
  for (block_number b = bound; b < 2 * bound; ++b)
    ASSERT_EQ(ask(b, 1), outcome::added);
  EXPECT_EQ(ask(0, 1), outcome::refused);
  EXPECT_EQ(repairs_.blocks().size(), bound);
  EXPECT_TRUE(repairs_.validate());
}

TEST_F(RepairSchedule, ForgetsTheOldestAnswersAndStaysConsistent) {
  for (block_number b = 0; b < 3 * defaults::max_queued_repairs; ++b) {
    ASSERT_EQ(ask(b, 2), outcome::added);
    send(b);
  }
  EXPECT_TRUE(repairs_.validate());
  // Forgotten: a request that crossed the answer is served once more, which is only waste.
  EXPECT_EQ(repairs_.request(0, 2, 0), outcome::added);
}

TEST_F(RepairSchedule, RandomHistoriesNeverOweMoreThanAskedAndSendNoSymbolTwiceInACycle) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    repair_schedule repairs{layout_};
    std::uint64_t packet = 1;
    std::vector<std::vector<symbol_id>> sent(6);
    for (int step = 0; step < 3000; ++step) {
      const auto block = static_cast<block_number>(random() % sent.size());
      const auto symbols = static_cast<std::uint16_t>(random() % (k + 10));
      if (random() % 2 == 0) {
        const auto before = repairs.owed(block);
        repairs.request(block, symbols, packet - 1 - random() % packet);
        ASSERT_LE(repairs.owed(block), std::max<int>(before, std::min(symbols, k)));
      } else if (repairs.owed(block) > 0) {
        const auto b = repairs.take(block, static_cast<std::uint16_t>(1 + random() % 40), packet);
        packet += b.count + random() % 3;
        for (symbol_id i = 0; i < b.count; ++i)
          sent[block].push_back(static_cast<symbol_id>(b.first + i));
      }
      ASSERT_TRUE(repairs.validate());
    }
    for (const auto& ids : sent)
      for (std::size_t i = 0; i < ids.size(); ++i)
        ASSERT_EQ(ids[i], (i + k) % defaults::max_encoding_symbols);
  }
}

TEST_F(RepairSchedule, RefusesToTakeNothing) {
  ask(3, 1);
  EXPECT_THROW(repairs_.take(3, 0, next_packet_), broken_promise);
  send(3);
  EXPECT_THROW(repairs_.take(3, 1, next_packet_), broken_promise);
}

} // namespace
} // namespace repair_schedule_test
} // namespace fleetcast::protocol
