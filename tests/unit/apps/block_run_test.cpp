#include "apps/common/block_run.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace fleetcast::apps {
namespace block_run_test {
namespace {

class BlockRun : public testing::Test {
protected:
  std::array<std::byte, 10> block_{};
  block_run run_;
};

TEST_F(BlockRun, TakesWhatFollows) {
  EXPECT_TRUE(run_.empty());
  EXPECT_TRUE(run_.append(100, block_));
  EXPECT_FALSE(run_.append(100, block_)) << "that one again";
  EXPECT_FALSE(run_.append(111, block_)) << "a gap";
  EXPECT_FALSE(run_.append(90, block_)) << "what comes before it";
  EXPECT_TRUE(run_.append(110, std::span{block_}.first(3)));
  EXPECT_EQ(run_.offset(), 100U);
  EXPECT_EQ(run_.bytes(), 13U);
  ASSERT_EQ(run_.blocks().size(), 2U);
  EXPECT_EQ(run_.blocks()[0].iov_base, block_.data());
  EXPECT_EQ(run_.blocks()[0].iov_len, 10U);
  EXPECT_EQ(run_.blocks()[1].iov_len, 3U);
}

TEST_F(BlockRun, IsFullAfterFour) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(run_.full());
    EXPECT_TRUE(run_.append(10 * i, block_));
  }
  EXPECT_TRUE(run_.full());
  EXPECT_FALSE(run_.append(40, block_));
}

TEST_F(BlockRun, BeginsAnywhereOnceCleared) {
  EXPECT_TRUE(run_.append(100, block_));
  run_.clear();
  EXPECT_TRUE(run_.empty());
  EXPECT_EQ(run_.bytes(), 0U);
  EXPECT_TRUE(run_.append(0, block_));
  EXPECT_EQ(run_.offset(), 0U);
  EXPECT_EQ(run_.blocks().size(), 1U);
}

} // namespace
} // namespace block_run_test
} // namespace fleetcast::apps
