#include "protocol/defaults.hpp"
#include "protocol/receive/block_mend.hpp"
#include "tests/support/protocol_fixture.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace block_mend_test {
namespace {

/// Three leaves, the last one short.
class BlockMend : public testing::Test {
protected:
  BlockMend() { spoilt[0] ^= std::byte{1}; }

  wire::fetched_leaf leaf(std::uint8_t index) const {
    const auto from = std::span{right}.subspan(index * wire::digest_leaf);
    const auto part = from.first(std::min(from.size(), wire::digest_leaf));
    return {index, {part.begin(), part.end()}};
  }

  std::vector<std::byte> right = fixture::random_bytes(2 * wire::digest_leaf + 100, 1);
  std::vector<std::byte> spoilt = right;
  wire::leaf_digests leaves = wire::leaf_digests_of(right);
  block_mend mend{7, right.size(), wire::digest_of(right)};
  timestamp now = fixture::start;
};

TEST_F(BlockMend, AsksForTheListThenForWhatIsWrong) {
  spoilt.back() ^= std::byte{1};
  EXPECT_EQ(mend.ask(now), (wire::fetch{7, false, true, 0}));
  EXPECT_FALSE(mend.ask(now)) << "an answer is awaited";
  ASSERT_TRUE(mend.take(now, leaves, spoilt));
  EXPECT_FALSE(mend.is_done());
  EXPECT_EQ(mend.ask(now), (wire::fetch{7, false, false, 0b101}));
  ASSERT_TRUE(mend.take(leaf(0), spoilt));
  EXPECT_FALSE(mend.is_done());
  ASSERT_TRUE(mend.take(leaf(2), spoilt));
  EXPECT_TRUE(mend.is_done());
  EXPECT_EQ(spoilt, right);
  EXPECT_FALSE(mend.ask(now + seconds(100)));
}

TEST_F(BlockMend, AsksAgainWhenNothingComesAndSoonerWhenThereIsNothingYet) {
  ASSERT_TRUE(mend.ask(now));
  EXPECT_EQ(mend.due(), now + defaults::fetch_patience);
  EXPECT_TRUE(mend.ask(now + defaults::fetch_patience));
  mend.take(now, wire::fetched_nothing{});
  EXPECT_FALSE(mend.ask(now + defaults::fetch_pause - duration{1}));
  EXPECT_TRUE(mend.ask(now + defaults::fetch_pause));
}

TEST_F(BlockMend, RefusesAListThatIsNotTheBlocks) {
  auto other = leaves;
  other[1][0] ^= std::byte{1};
  EXPECT_FALSE(mend.take(now, other, spoilt));
  other = leaves;
  other.pop_back();
  EXPECT_FALSE(mend.take(now, other, spoilt));
  EXPECT_FALSE(mend.is_done());
  EXPECT_TRUE(mend.take(now, leaves, spoilt));
}

TEST_F(BlockMend, RefusesALeafThatTheListDoesNotName) {
  EXPECT_FALSE(mend.take(leaf(0), spoilt)) << "there is no list yet";
  ASSERT_TRUE(mend.take(now, leaves, spoilt));
  auto wrong = leaf(0);
  wrong.bytes[5] ^= std::byte{1};
  EXPECT_FALSE(mend.take(wrong, spoilt));
  wrong = leaf(0);
  wrong.bytes.pop_back();
  EXPECT_FALSE(mend.take(wrong, spoilt));
  wrong = leaf(2);
  wrong.index = 3;
  EXPECT_FALSE(mend.take(wrong, spoilt));
  EXPECT_NE(spoilt, right);
}

TEST_F(BlockMend, ALeafThatComesTwiceIsNoHarm) {
  ASSERT_TRUE(mend.take(now, leaves, spoilt));
  ASSERT_TRUE(mend.take(leaf(0), spoilt));
  EXPECT_TRUE(mend.take(leaf(0), spoilt));
  EXPECT_TRUE(mend.take(leaf(1), spoilt)) << "it was right all along";
  EXPECT_TRUE(mend.is_done());
}

} // namespace
} // namespace block_mend_test
} // namespace fleetcast::protocol
