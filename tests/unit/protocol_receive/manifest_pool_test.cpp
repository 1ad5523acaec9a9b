#include "protocol/receive/manifest_pool.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol {
namespace manifest_pool_test {
namespace {

wire::manifest says(block_number first, std::initializer_list<unsigned char> digests) {
  wire::manifest m;
  m.first_block = first;
  for (const auto d : digests)
    m.digests.push_back({std::byte{d}});
  return m;
}

TEST(ManifestPool, FindsTheOneThatNamesADigest) {
  manifest_pool pool;
  pool.put(says(10, {1, 2, 3}));
  pool.put(says(11, {9}));
  EXPECT_FALSE(pool.take(11, {std::byte{3}}));
  EXPECT_FALSE(pool.take(13, {std::byte{3}}));
  const auto found = pool.take(11, {std::byte{2}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first_block, 10U);
  EXPECT_FALSE(pool.take(11, {std::byte{2}})) << "it was taken out";
  EXPECT_EQ(pool.size(), 1U);
  EXPECT_FALSE(pool.has_lost_some());
}

TEST(ManifestPool, IsBoundedAndTheOldestGoes) {
  manifest_pool pool;
  pool.put(says(0, {1}));
  for (unsigned i = 1; i < defaults::manifest_pool; ++i)
    pool.put(says(i, {7}));
  EXPECT_FALSE(pool.has_lost_some());
  pool.put(says(1000, {2}));
  EXPECT_TRUE(pool.has_lost_some());
  EXPECT_EQ(pool.size(), defaults::manifest_pool);
  EXPECT_FALSE(pool.take(0, {std::byte{1}}));
  EXPECT_TRUE(pool.take(1000, {std::byte{2}}));
}

} // namespace
} // namespace manifest_pool_test
} // namespace fleetcast::protocol
