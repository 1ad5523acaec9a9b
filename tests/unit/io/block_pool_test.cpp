#include "actors/io/block_pool.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace block_pool_test {
namespace {

using fleetcast::actors::io::block_pool;

constexpr std::size_t block_size = 5000; // deliberately no whole pages

TEST(BlockPool, HandsOutWholePagesOfItsOwnToEach) {
  const auto pool = block_pool::make(block_size, 3);
  std::vector<fleetcast::protocol::block_buffer> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(pool->allocate());
    ASSERT_TRUE(held.back());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(held.back().get()) % 4096, 0U);
    std::memset(held.back().get(), i, block_size);
  }
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(held[static_cast<std::size_t>(i)].get()[block_size - 1], static_cast<std::byte>(i));
}

TEST(BlockPool, RefusesWhenAllAreInUseAndRecoversWhenOneReturns) {
  const auto pool = block_pool::make(block_size, 2);
  auto first = pool->allocate();
  const auto second = pool->allocate();
  EXPECT_FALSE(pool->allocate());
  EXPECT_EQ(pool->available(), 0U);
  EXPECT_EQ(pool->snapshot().refusals, 1U);
  first.reset();
  EXPECT_EQ(pool->available(), 1U);
  EXPECT_TRUE(pool->allocate());
}

TEST(BlockPool, ReusesTheBufferReturnedLastFirst) {
  const auto pool = block_pool::make(block_size, 4);
  auto first = pool->allocate();
  auto second = pool->allocate();
  const auto* warm = first.get();
  second.reset();
  first.reset();
  EXPECT_EQ(pool->allocate().get(), warm);
}

TEST(BlockPool, TakesMemoryOnlyWhenItIsNeeded) {
  const auto pool = block_pool::make(block_size, 100);
  EXPECT_EQ(pool->snapshot().made, 0U);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(pool->allocate());
  EXPECT_EQ(pool->snapshot().made, 1U);
  EXPECT_EQ(pool->snapshot().allocations, 10U);
  EXPECT_EQ(pool->snapshot().most_in_use, 1U);
  EXPECT_EQ(pool->available(), 100U);
}

TEST(BlockPool, ReachesItsCountOverManyPiecesOfMemory) {
  // 16 MiB at a time: three of 5 MiB, then three, then the last one.
  constexpr std::size_t large = 5 * 1024 * 1024;
  const auto pool = block_pool::make(large, 7);
  std::vector<fleetcast::protocol::block_buffer> held;
  for (int i = 0; i < 7; ++i) {
    held.push_back(pool->allocate());
    ASSERT_TRUE(held.back());
    held.back().get()[0] = held.back().get()[large - 1] = static_cast<std::byte>(i);
  }
  EXPECT_FALSE(pool->allocate());
  EXPECT_EQ(pool->snapshot().made, 7U);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(held[static_cast<std::size_t>(i)].get()[0], static_cast<std::byte>(i));
    EXPECT_EQ(held[static_cast<std::size_t>(i)].get()[large - 1], static_cast<std::byte>(i));
  }
}

TEST(BlockPool, ABufferMayBeLongerThanAPieceOfMemory) {
  constexpr std::size_t large = 17 * 1024 * 1024;
  const auto pool = block_pool::make(large, 2);
  auto one = pool->allocate();
  auto two = pool->allocate();
  ASSERT_TRUE(one && two);
  one.get()[large - 1] = std::byte{1};
  two.get()[0] = std::byte{2};
  EXPECT_EQ(one.get()[large - 1], std::byte{1});
}

#if defined(__SANITIZE_ADDRESS__)
TEST(BlockPoolDeathTest, TheSanitizerSeesWhoReachesBeyondABuffer) {
  const auto pool = block_pool::make(block_size, 2);
  const auto one = pool->allocate();
  auto two = pool->allocate();
  EXPECT_DEATH(one.get()[block_size + 8] = std::byte{1}, "use-after-poison");
  auto* const gone = two.get();
  two.reset();
  EXPECT_DEATH(*gone = std::byte{1}, "use-after-poison");
}
#endif

TEST(BlockPool, LivesUntilItsLastBufferReturned) {
  auto pool = block_pool::make(block_size, 1);
  std::weak_ptr<block_pool> watch = pool;
  auto buffer = pool->allocate();
  pool.reset();
  EXPECT_FALSE(watch.expired());
  std::memset(buffer.get(), 1, block_size);
  buffer.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(BlockPool, TakesBuffersBackFromOtherThreads) {
  const auto pool = block_pool::make(block_size, 8);
  constexpr int rounds = 20'000;
  const auto churn = [&pool](std::byte mark) {
    for (int i = 0; i < rounds; ++i) {
      auto mine = pool->allocate();
      if (!mine)
        continue;
      mine.get()[0] = mark;
      auto passed_on = std::move(mine);
      EXPECT_EQ(passed_on.get()[0], mark);
    }
  };
  auto outside = pool->allocate();
  std::thread one{churn, std::byte{1}};
  std::thread two{[&, moved = std::move(outside)]() mutable {
    moved.reset();
    churn(std::byte{2});
  }};
  one.join();
  two.join();
  EXPECT_EQ(pool->available(), 8U);
  EXPECT_LE(pool->snapshot().made, 3U);
}

} // namespace
} // namespace block_pool_test
