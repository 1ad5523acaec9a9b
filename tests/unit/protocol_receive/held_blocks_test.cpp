#include "protocol/receive/held_blocks.hpp"
#include "protocol/require.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace held_blocks_test {
namespace {

using verdict = held_blocks::verdict;

wire::digest digest_of(unsigned char what) {
  wire::digest result{};
  result.fill(std::byte{what});
  return result;
}

TEST(HeldBlocks, OneOfItsTwoDigestsDecidesNothing) {
  held_blocks held;
  held.add(3, 6);
  EXPECT_EQ(held.on_read(3, digest_of(1)), verdict::open);
  EXPECT_EQ(held.on_told(5, digest_of(1)), verdict::open);
  EXPECT_EQ(held.size(), 3U);
  for (block_number b = 3; b < 6; ++b)
    EXPECT_TRUE(held.contains(b));
  EXPECT_FALSE(held.is_unread(3));
  EXPECT_FALSE(held.is_untold(5));
  EXPECT_EQ(held.untold().size(), 2U);
  EXPECT_TRUE(held.validate());
}

TEST(HeldBlocks, TheSameDigestProvesABlockAndAnotherOneRefutesItWhicheverComesFirst) {
  held_blocks held;
  held.add(0, 5);
  for (const block_number b : {0U, 1U})
    EXPECT_EQ(held.on_read(b, digest_of(1)), verdict::open);
  for (const block_number b : {2U, 3U})
    EXPECT_EQ(held.on_told(b, digest_of(1)), verdict::open);
  EXPECT_EQ(held.on_told(0, digest_of(1)), verdict::proven);
  EXPECT_EQ(held.on_told(1, digest_of(2)), verdict::refuted);
  EXPECT_EQ(held.on_read(2, digest_of(1)), verdict::proven);
  EXPECT_EQ(held.on_read(3, digest_of(2)), verdict::refuted);
  for (block_number b = 0; b < 4; ++b)
    EXPECT_FALSE(held.contains(b));
  EXPECT_EQ(held.size(), 1U);
  EXPECT_TRUE(held.validate());
}

TEST(HeldBlocks, CanBeGivenUpWhateverIsKnownOfThem) {
  held_blocks held;
  held.add(0, 3);
  EXPECT_EQ(held.on_read(1, digest_of(1)), verdict::open);
  EXPECT_EQ(held.on_told(2, digest_of(1)), verdict::open);
  for (block_number b = 0; b < 4; ++b)
    held.remove(b);
  EXPECT_EQ(held.size(), 0U);
  EXPECT_TRUE(held.validate());
}

TEST(HeldBlocks, EachDigestComesOnce) {
  held_blocks held;
  held.add(0, 2);
  EXPECT_EQ(held.on_read(0, digest_of(1)), verdict::open);
  EXPECT_THROW(static_cast<void>(held.on_read(0, digest_of(1))), broken_promise);
  EXPECT_EQ(held.on_told(1, digest_of(1)), verdict::open);
  EXPECT_THROW(static_cast<void>(held.on_told(1, digest_of(1))), broken_promise);
}

} // namespace
} // namespace held_blocks_test
} // namespace fleetcast::protocol
