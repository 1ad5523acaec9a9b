#include "protocol/receive/digest_store.hpp"

#include <gtest/gtest.h>

#include <random>

namespace fleetcast::protocol {
namespace digest_store_test {
namespace {

wire::digest digest_for(block_number block) {
  wire::digest result{};
  result[0] = static_cast<std::byte>(block);
  return result;
}

TEST(DigestStore, FindsWhatWasPutUntilItIsErased) {
  digest_store store{4};
  EXPECT_EQ(store.find(7), nullptr);
  store.put(7, digest_for(7));
  ASSERT_NE(store.find(7), nullptr);
  EXPECT_EQ(*store.find(7), digest_for(7));
  store.erase(7);
  EXPECT_EQ(store.find(7), nullptr);
  EXPECT_EQ(store.size(), 0U);
}

TEST(DigestStore, ANewDigestReplacesTheOld) {
  digest_store store{4};
  store.put(7, digest_for(1));
  store.put(7, digest_for(2));
  EXPECT_EQ(*store.find(7), digest_for(2));
  EXPECT_EQ(store.size(), 1U);
}

TEST(DigestStore, AtItsCapacityTheOldestGoes) {
  digest_store store{3};
  for (block_number b = 0; b < 4; ++b)
    store.put(b, digest_for(b));
  EXPECT_EQ(store.size(), 3U);
  EXPECT_EQ(store.find(0), nullptr);
  for (block_number b = 1; b < 4; ++b)
    EXPECT_NE(store.find(b), nullptr) << b;
}

TEST(DigestStore, AForgottenDigestMayComeBack) {
  digest_store store{2};
  for (const block_number b : {0U, 1U, 2U, 0U})
    store.put(b, digest_for(b));
  EXPECT_NE(store.find(0), nullptr);
  EXPECT_NE(store.find(2), nullptr);
  EXPECT_EQ(store.find(1), nullptr);
}

TEST(DigestStore, AWholeObjectPassesThroughInOrder) {
  digest_store store{8};
  for (block_number b = 0; b < 1000; ++b) {
    store.put(b, digest_for(b));
    ASSERT_NE(store.find(b), nullptr);
    store.erase(b);
  }
  EXPECT_EQ(store.size(), 0U);
}

TEST(DigestStore, NeverHoldsMoreThanItsCapacityAndNeverTheWrongDigest) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    digest_store store{5};
    for (int step = 0; step < 2000; ++step) {
      const auto block = static_cast<block_number>(random() % 20);
      if (random() % 3 != 0) {
        store.put(block, digest_for(block));
        // What came last is never what goes.
        ASSERT_NE(store.find(block), nullptr);
      } else {
        store.erase(block);
      }
      ASSERT_LE(store.size(), 5U);
      for (block_number b = 0; b < 20; ++b) {
        const auto* found = store.find(b);
        ASSERT_TRUE(found == nullptr || *found == digest_for(b));
      }
    }
  }
}

} // namespace
} // namespace digest_store_test
} // namespace fleetcast::protocol
