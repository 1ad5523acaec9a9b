#include "protocol/send/fetch_answer.hpp"
#include "protocol/wire/block_digest.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <variant>
#include <vector>

namespace fleetcast::protocol {
namespace fetch_answer_test {
namespace {

/// Two leaves and a short third one.
std::vector<std::byte> block_of_three() {
  std::vector<std::byte> result(2 * wire::digest_leaf + 5);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::byte>(i % 251);
  return result;
}

TEST(FetchAnswer, SendsTheLeavesAskedForAndNoOthers) {
  const auto block = block_of_three();
  const auto parts = answer_to({7, false, false, 0b1101}, std::nullopt, block);
  ASSERT_EQ(parts.size(), 2U); // there is no fourth
  const auto& first = std::get<wire::fetched_leaf>(parts[0].part);
  EXPECT_EQ(parts[0].block, 7U);
  EXPECT_EQ(first.index, 0);
  EXPECT_EQ(first.bytes.size(), wire::digest_leaf);
  const auto& last = std::get<wire::fetched_leaf>(parts[1].part);
  EXPECT_EQ(last.index, 2);
  EXPECT_EQ(last.bytes, std::vector<std::byte>(block.end() - 5, block.end()));
}

TEST(FetchAnswer, SaysThatThereIsNoManifest) {
  const auto parts = answer_to({3, true, false, 0}, std::nullopt, {});
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::fetched_nothing>(parts[0].part));
}

TEST(FetchAnswer, SendsTheManifestBeforeTheDigestsOfLeaves) {
  const auto block = block_of_three();
  wire::manifest known;
  known.first_block = 3;
  const auto parts = answer_to({3, true, true, 0}, known, block);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(std::get<wire::manifest>(parts[0].part), known);
  EXPECT_EQ(std::get<wire::leaf_digests>(parts[1].part), wire::leaf_digests_of(block));
}

} // namespace
} // namespace fetch_answer_test
} // namespace fleetcast::protocol
