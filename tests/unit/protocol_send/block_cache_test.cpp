#include "protocol/require.hpp"
#include "protocol/send/block_cache.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

namespace fleetcast::protocol {
namespace block_cache_test {
namespace {

const_block_buffer some_bytes() {
  return std::make_shared<std::byte>();
}

void load(block_cache& cache, block_number block, bool pinned = false) {
  ASSERT_TRUE(cache.reserve(block, pinned));
  cache.put(block, some_bytes());
}

TEST(BlockCache, FindsOnlyWhatWasLoaded) {
  block_cache cache{2};
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_FALSE(cache.knows(1));
  ASSERT_TRUE(cache.reserve(1, false));
  EXPECT_TRUE(cache.knows(1));
  EXPECT_EQ(cache.find(1), nullptr);
  EXPECT_EQ(cache.pending(), 1U);
  const auto bytes = some_bytes();
  cache.put(1, bytes);
  EXPECT_EQ(cache.find(1), bytes);
  EXPECT_EQ(cache.pending(), 0U);
}

TEST(BlockCache, TheLeastRecentlyUsedBlockGivesWay) {
  block_cache cache{3};
  load(cache, 1);
  load(cache, 2);
  load(cache, 3);
  ASSERT_NE(cache.find(1), nullptr);
  load(cache, 4);
  EXPECT_FALSE(cache.knows(2));
  EXPECT_TRUE(cache.knows(1));
  EXPECT_TRUE(cache.knows(3));
  load(cache, 5);
  EXPECT_FALSE(cache.knows(3));
  EXPECT_EQ(cache.size(), 3U);
}

TEST(BlockCache, AskingWhetherItHoldsABlockIsNoUse) {
  block_cache cache{2};
  EXPECT_FALSE(cache.holds(1));
  ASSERT_TRUE(cache.reserve(1, false));
  EXPECT_FALSE(cache.holds(1)) << "it is still being read";
  cache.put(1, some_bytes());
  load(cache, 2);
  EXPECT_TRUE(cache.holds(1));
  load(cache, 3);
  EXPECT_FALSE(cache.holds(1)) << "the one used longest ago";
  EXPECT_TRUE(cache.holds(2));
}

TEST(BlockCache, APinnedBlockStaysUntilUnpinned) {
  block_cache cache{2};
  load(cache, 1, true);
  load(cache, 2);
  cache.pin(2);
  EXPECT_FALSE(cache.reserve(3, false));
  EXPECT_FALSE(cache.knows(3));
  cache.unpin(1);
  EXPECT_TRUE(cache.reserve(3, false));
  EXPECT_FALSE(cache.knows(1));
  EXPECT_TRUE(cache.knows(2));
}

TEST(BlockCache, ABlockBeingReadStays) {
  block_cache cache{1};
  ASSERT_TRUE(cache.reserve(1, false));
  EXPECT_FALSE(cache.reserve(2, false));
  cache.put(1, some_bytes());
  EXPECT_TRUE(cache.reserve(2, false));
  EXPECT_FALSE(cache.knows(1));
}

TEST(BlockCache, IgnoresAReadThatNobodyAskedForOrThatComesTwice) {
  block_cache cache{2};
  cache.put(9, some_bytes());
  EXPECT_FALSE(cache.knows(9));
  ASSERT_TRUE(cache.reserve(1, false));
  const auto first = some_bytes();
  cache.put(1, first);
  cache.put(1, some_bytes());
  EXPECT_EQ(cache.find(1), first);
  EXPECT_EQ(cache.pending(), 0U);
}

TEST(BlockCache, PinningAnUnknownBlockDoesNothing) {
  block_cache cache{1};
  cache.pin(1);
  cache.unpin(1);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(BlockCache, WhoHoldsABlockKeepsItAfterItWasDisplaced) {
  block_cache cache{1};
  load(cache, 1);
  const std::weak_ptr<const std::byte> watch = cache.find(1);
  const auto held = cache.find(1);
  load(cache, 2);
  EXPECT_FALSE(watch.expired());
}

TEST(BlockCache, NeverHoldsMoreThanItsCapacityWhateverHappens) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    block_cache cache{5};
    std::map<block_number, bool> pinned;
    for (int step = 0; step < 2000; ++step) {
      const auto block = static_cast<block_number>(random() % 12);
      switch (random() % 4) {
        case 0:
          if (!cache.knows(block) && cache.reserve(block, step % 3 == 0))
            pinned[block] = step % 3 == 0;
          break;
        case 1:
          cache.put(block, some_bytes());
          break;
        case 2:
          if (cache.knows(block))
            pinned[block] = true;
          cache.pin(block);
          break;
        default:
          pinned[block] = false;
          cache.unpin(block);
          break;
      }
      ASSERT_LE(cache.size(), 5U);
      ASSERT_LE(cache.pending(), cache.size());
      for (const auto& [b, is_pinned] : pinned)
        ASSERT_TRUE(!is_pinned || cache.knows(b)) << "block " << b << " was pinned and is gone";
    }
  }
}

TEST(BlockCache, RefusesToBeEmptyAndToReadABlockTwice) {
  EXPECT_THROW(block_cache{0}, broken_promise);
  block_cache cache{2};
  load(cache, 1);
  EXPECT_THROW(static_cast<void>(cache.reserve(1, false)), broken_promise);
  EXPECT_TRUE(cache.validate());
}

} // namespace
} // namespace block_cache_test
} // namespace fleetcast::protocol
