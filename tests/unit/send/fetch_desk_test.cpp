#include "actors/serve/fetch_desk.hpp"
#include "protocol/wire/block_digest.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace fleetcast::actors {
namespace fetch_desk_test {
namespace {

using protocol::block_number;
using protocol::const_block_buffer;
using protocol::receiver_id;
using protocol::wire::fetch;
using verdict = fetch_desk::verdict;

constexpr protocol::timestamp start = protocol::seconds(1000);

fetch manifest_of(block_number block) {
  return {block, true, false, 0};
}

fetch leaf_of(block_number block) {
  return {block, false, false, 1};
}

class FetchDesk : public ::testing::Test {
protected:
  fetch_desk::decision decide(receiver_id from, const fetch& asked,
                              protocol::timestamp at = start) {
    return desk.decide(at, from, asked, [this](block_number number) {
      looked_for.push_back(number);
      return memory[number];
    });
  }

  verdict ask(receiver_id from, const fetch& asked, protocol::timestamp at = start) {
    return decide(from, asked, at).what;
  }

  std::vector<receiver_id> take(block_number number) {
    std::vector<receiver_id> result;
    for (const auto& waiting : desk.take(number)) {
      EXPECT_EQ(waiting.asked.block, number);
      result.push_back(waiting.from);
    }
    return result;
  }

  fetch_desk desk;
  std::map<block_number, const_block_buffer> memory;
  std::vector<block_number> looked_for;
};

TEST_F(FetchDesk, AnswersAtOnceWhatNeedsNoBlock) {
  memory[3] = std::make_shared<const std::byte>();
  const auto decision = decide(1, manifest_of(3));
  EXPECT_EQ(decision.what, verdict::answer);
  EXPECT_EQ(decision.block, nullptr);
  EXPECT_TRUE(looked_for.empty()) << "a look would keep the block in memory";
}

TEST_F(FetchDesk, AnswersAtOnceFromABlockInMemory) {
  memory[3] = std::make_shared<const std::byte>();
  for (const auto& asked : {leaf_of(3), fetch{3, false, true, 0}}) {
    const auto decision = decide(1, asked);
    EXPECT_EQ(decision.what, verdict::answer);
    EXPECT_EQ(decision.block, memory[3]);
  }
  EXPECT_TRUE(take(3).empty()) << "it would be answered twice";
}

TEST_F(FetchDesk, OrdersABlockOnceHoweverManyWaitForIt) {
  EXPECT_EQ(ask(1, leaf_of(3)), verdict::read);
  EXPECT_EQ(ask(2, leaf_of(3)), verdict::wait);
  EXPECT_EQ(ask(1, fetch{3, false, true, 0}), verdict::wait);
  EXPECT_EQ(ask(1, leaf_of(4)), verdict::read);
}

TEST_F(FetchDesk, HandsOverWhatWaitedForABlockInItsOrderAndOnce) {
  EXPECT_EQ(ask(2, leaf_of(3)), verdict::read);
  EXPECT_EQ(ask(5, leaf_of(4)), verdict::read);
  EXPECT_EQ(ask(1, fetch{3, true, true, 6}), verdict::wait);
  const auto waited = desk.take(3);
  ASSERT_EQ(waited.size(), 2U);
  EXPECT_EQ(waited[0].from, 2U);
  EXPECT_EQ(waited[0].asked, leaf_of(3));
  EXPECT_EQ(waited[1].from, 1U);
  EXPECT_EQ(waited[1].asked, (fetch{3, true, true, 6}));
  EXPECT_TRUE(take(3).empty());
  EXPECT_EQ(ask(1, leaf_of(3)), verdict::read) << "it left memory again";
  EXPECT_EQ(ask(1, leaf_of(4)), verdict::wait) << "another block is none of its business";
  EXPECT_EQ(take(4), (std::vector<receiver_id>{5, 1}));
}

TEST_F(FetchDesk, RefusesWhatWouldWaitBeyondItsBound) {
  for (block_number number = 0; number < fetch_desk::most_waiting; ++number)
    ASSERT_EQ(ask(1, leaf_of(number)), verdict::read) << number;
  EXPECT_EQ(ask(2, leaf_of(0)), verdict::refuse);
  EXPECT_EQ(ask(2, manifest_of(0)), verdict::answer) << "it waits for nothing";
  EXPECT_EQ(take(0), std::vector<receiver_id>{1}) << "what was refused does not wait";
  EXPECT_EQ(ask(2, leaf_of(0)), verdict::read);
}

TEST_F(FetchDesk, GivesEachReceiverItsAllowance) {
  memory[3] = std::make_shared<const std::byte>();
  const fetch whole{3, true, true, 0xffff};
  constexpr std::int64_t cost = 17 * protocol::wire::digest_leaf;
  for (std::int64_t sent = 0; sent + cost <= fetch_allowance::burst; sent += cost)
    ASSERT_EQ(ask(1, whole), verdict::answer) << sent;
  looked_for.clear();
  EXPECT_EQ(ask(1, whole), verdict::refuse);
  EXPECT_TRUE(looked_for.empty()) << "a look would keep the block in memory";
  EXPECT_EQ(ask(2, whole), verdict::answer) << "of its own";
  EXPECT_EQ(ask(1, whole, start + protocol::seconds(1)), verdict::answer) << "it fills again";
}

TEST_F(FetchDesk, CountsAFetchOfNoLeafAsOne) {
  const auto most = fetch_allowance::burst / static_cast<std::int64_t>(protocol::wire::digest_leaf);
  for (std::int64_t i = 0; i < most; ++i)
    ASSERT_EQ(ask(1, manifest_of(3)), verdict::answer) << i;
  EXPECT_EQ(ask(1, manifest_of(3)), verdict::refuse);
}

TEST_F(FetchDesk, ForgetsTheAllowanceOfOneThatIsGoneAndNotWhatIsBeingRead) {
  const auto most = fetch_allowance::burst / static_cast<std::int64_t>(protocol::wire::digest_leaf);
  ASSERT_EQ(ask(1, leaf_of(3)), verdict::read);
  for (std::int64_t i = 2; i < most; ++i)
    ASSERT_EQ(ask(1, manifest_of(3)), verdict::answer) << i;
  ASSERT_EQ(ask(1, manifest_of(3)), verdict::refuse);
  desk.forget(1);
  EXPECT_EQ(ask(1, manifest_of(3)), verdict::answer) << "nothing is kept of it";
  EXPECT_EQ(ask(2, leaf_of(3)), verdict::wait) << "the block is on its way";
  EXPECT_EQ(take(3), (std::vector<receiver_id>{1, 2}));
}

} // namespace
} // namespace fetch_desk_test
} // namespace fleetcast::actors
