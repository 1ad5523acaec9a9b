#include "protocol/wire/block_digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace fleetcast::protocol::wire {
namespace block_digest_test {
namespace {

std::string hex(const digest& d) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : d) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string digest_of_text(const std::string& text, crypto_library library) {
  return hex(digest_of(std::as_bytes(std::span{text}), library));
}

class BlockDigest : public testing::TestWithParam<crypto_library> {};

/// Computed by Python's hashlib after the definition in the header.
TEST_P(BlockDigest, IsAsDefined) {
  EXPECT_EQ(digest_of_text("", GetParam()),
            "fd7c3a8f4670f335dfdee153211ab0dc14945af97bed6396d27196badb119c5a");
  EXPECT_EQ(digest_of_text("abc", GetParam()),
            "95233ee950f958f37dcff279dc38754e16049c164db91438647413c45e2f9144");
  EXPECT_EQ(digest_of_text(std::string(digest_leaf, 'a'), GetParam()),
            "836e076f14485a6d20ed9831bd9a201eea719165f019f73a9565b5ca82e6bd62");
  EXPECT_EQ(digest_of_text(std::string(digest_leaf + 1, 'a'), GetParam()),
            "4cdeae018396ed9bd24d0f7f4ac6e5c6601069aa54ceff02fb5edbd088f0a5e0");
  EXPECT_EQ(digest_of_text(std::string(1'000'000, 'a'), GetParam()),
            "79b2104f4cb1d01e16f51fdcbfe86460f12c8360e2dfc8fb9a778127e17f6524");
}

TEST_P(BlockDigest, ChangesWithEachByte) {
  std::vector<std::byte> block(3 * digest_leaf + 5);
  const auto before = digest_of(block, GetParam());
  for (std::size_t i = 0; i < block.size(); i += 97) {
    block[i] ^= std::byte{1};
    EXPECT_NE(digest_of(block, GetParam()), before) << i;
    block[i] ^= std::byte{1};
  }
  block.pop_back();
  EXPECT_NE(digest_of(block, GetParam()), before);
}

TEST_P(BlockDigest, IsThatOfItsLeaves) {
  std::vector<std::byte> block(3 * digest_leaf + 5, std::byte{7});
  block[digest_leaf] = std::byte{8};
  const auto leaves = leaf_digests_of(block, GetParam());
  ASSERT_EQ(leaves.size(), 4U);
  EXPECT_EQ(leaves[0], leaves[2]);
  EXPECT_NE(leaves[0], leaves[1]);
  EXPECT_EQ(digest_of_leaves(block.size(), leaves), digest_of(block, GetParam()));
  EXPECT_NE(digest_of_leaves(block.size() + 1, leaves), digest_of(block, GetParam()));
}

INSTANTIATE_TEST_SUITE_P(ByEachLibrary, BlockDigest,
                         testing::Values(crypto_library::fastest, crypto_library::openssl),
                         [](const auto& each) {
                           return each.param == crypto_library::openssl ? "OpenSsl" : "Fastest";
                         });

/// Sizes around everything that queues and vector units may count in; the largest has more leaves than the
/// library's queue has places.
TEST(BlockDigestOfAnySize, IsTheSameByBothLibraries) {
  std::mt19937 random{20261122};
  std::vector<std::byte> bytes(300 * digest_leaf + 1);
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random());
  for (const std::size_t leaves : {0, 1, 2, 3, 7, 8, 15, 16, 17, 101, 255, 256, 257, 300})
    for (const std::size_t more : {0, 1, 55, 56, 64, 11'263}) {
      const auto size = std::min(bytes.size(), leaves * digest_leaf + more);
      const auto block = std::span{bytes}.first(size);
      EXPECT_EQ(digest_of(block), digest_of(block, crypto_library::openssl)) << size;
    }
}

} // namespace
} // namespace block_digest_test
} // namespace fleetcast::protocol::wire
