#include "actors/serve/digest_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace digest_file_test {
namespace {

using namespace fleetcast::actors;
using fleetcast::protocol::block_number;
using fleetcast::protocol::digest_run;
using fleetcast::protocol::wire::digest;
using bytes = std::vector<std::byte>;

digest digest_of(block_number block) {
  digest result{};
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::byte>(block * 31 + i);
  return result;
}

digest_run run(block_number first, block_number end) {
  digest_run result{first, {}};
  for (auto b = first; b < end; ++b)
    result.digests.push_back(digest_of(b));
  return result;
}

/// Of 20 blocks.
digest_key sample_key() {
  digest_key result{{}, 1990, 100};
  result.version.front() = std::byte{9};
  return result;
}

bytes& operator+=(bytes& to, const bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
  return to;
}

bytes records(const std::vector<digest_run>& runs, const digest_key& key = sample_key()) {
  return digest_records(key, runs);
}

bytes file(const std::vector<digest_run>& runs) {
  auto result = digest_header(sample_key());
  result += records(runs);
  return result;
}

/// Nothing where the file counts as none.
std::vector<digest_run> read(const bytes& contents, const digest_key& key = sample_key()) {
  const auto story = read_digests(key, contents);
  return story ? story->runs : std::vector<digest_run>{};
}

void expect_only_right_digests(const std::vector<digest_run>& runs) {
  for (const auto& r : runs)
    for (auto b = r.first; b < r.end(); ++b)
      ASSERT_EQ(r.digests[b - r.first], digest_of(b)) << b;
}

TEST(DigestFile, TellsWhatWasWritten) {
  auto contents = file({run(0, 3), run(10, 11)});
  contents += records({run(3, 5)});
  EXPECT_EQ(read(contents), (std::vector<digest_run>{run(0, 5), run(10, 11)}));
  const auto story = read_digests(sample_key(), contents);
  ASSERT_TRUE(story);
  EXPECT_EQ(story->size, contents.size());
  EXPECT_EQ(digest_header(sample_key()).size(), digest_header_size);
  EXPECT_EQ(records({run(0, 1)}).size(), digest_record_overhead + sizeof(digest));
}

TEST(DigestFile, OfAnEmptyObjectHasNothing) {
  const digest_key key{{}, 0, 100};
  EXPECT_TRUE(read(digest_header(key), key).empty());
}

TEST(DigestFile, SplitsRunsThatAreTooLongForARecord) {
  digest_key key = sample_key();
  key.object_size = 1'000'000'000;
  const auto all = run(7, 7 + 2 * most_digests_in_record + 5);
  auto contents = digest_header(key);
  contents += digest_records(key, std::vector{all});
  EXPECT_EQ(read(contents, key), std::vector{all});
}

TEST(DigestFile, TakesTheSameTwiceForOne) {
  auto contents = file({run(0, 5)});
  contents += records({run(3, 9), run(2, 4)});
  EXPECT_EQ(read(contents), std::vector{run(0, 9)});
}

TEST(DigestFile, ThatContradictsItselfIsNone) {
  auto other = run(4, 6);
  other.digests.back().front() ^= std::byte{1};
  auto contents = file({run(0, 9)});
  contents += records({other});
  EXPECT_FALSE(read_digests(sample_key(), contents));
}

/// A process or a machine may stop at any moment, and a disk be full.
TEST(DigestFile, CutAnywhereHasRightDigestsOrNone) {
  const auto whole = file({run(0, 3), run(5, 6), run(10, 14)});
  std::vector<std::size_t> ends{digest_header_size};
  for (const std::size_t count : {3, 1, 4})
    ends.push_back(ends.back() + digest_record_overhead + count * sizeof(digest));
  ASSERT_EQ(ends.back(), whole.size());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto story = read_digests(sample_key(), std::span{whole}.first(size));
    ASSERT_EQ(story.has_value(), size >= digest_header_size) << size;
    if (!story)
      continue;
    expect_only_right_digests(story->runs);
    ASSERT_EQ(story->size, *std::prev(std::upper_bound(ends.begin(), ends.end(), size))) << size;
  }
}

TEST(DigestFile, WithAnyByteFlippedHasRightDigestsOrNone) {
  const auto whole = file({run(0, 3), run(5, 6), run(10, 14)});
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const auto mask : {0x01, 0x80, 0xff}) {
      auto damaged = whole;
      damaged[i] ^= static_cast<std::byte>(mask);
      const auto story = read_digests(sample_key(), damaged);
      if (!story)
        continue;
      expect_only_right_digests(story->runs);
      ASSERT_LT(story->size, whole.size()) << "byte " << i << " counts for nothing";
    }
}

TEST(DigestFile, WhoseTailIsZerosAsAfterAPowerFailureEndsThere) {
  auto contents = file({run(0, 3)});
  contents.resize(contents.size() + 4096);
  EXPECT_EQ(read(contents), std::vector{run(0, 3)});
}

TEST(DigestFile, OfAnotherVersionSizeOrBlockSizeIsNone) {
  const auto contents = file({run(0, 3)});
  auto key = sample_key();
  key.version.back() = std::byte{1};
  EXPECT_FALSE(read_digests(key, contents));
  key = sample_key();
  ++key.object_size;
  EXPECT_FALSE(read_digests(key, contents));
  key = sample_key();
  ++key.block_size;
  EXPECT_FALSE(read_digests(key, contents));
}

/// What a disk held before, or a file system mixed up.
TEST(DigestFile, TakesNoRecordOfAnotherFile) {
  auto key = sample_key();
  key.version.back() = std::byte{1};
  auto contents = file({run(0, 3)});
  contents += records({run(3, 5)}, key);
  EXPECT_EQ(read(contents), std::vector{run(0, 3)});
}

TEST(DigestFile, BelievesNoRecordBeyondTheObject) {
  auto contents = file({run(0, 3)});
  contents += records({run(19, 21)});
  EXPECT_EQ(read(contents), std::vector{run(0, 3)});
}

} // namespace
} // namespace digest_file_test
