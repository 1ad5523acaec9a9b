#include "apps/common/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::apps {
namespace journal_test {
namespace {

using bytes = std::vector<std::byte>;
using spans = std::vector<block_span>;

constexpr std::uint64_t block_size = 180'224;
constexpr std::uint64_t id = 0x1122334455667788;

journal_identity identity() {
  journal_identity result{{"server.example:5040", "lab", "images/debian-12.img"},
                          1000 * block_size - 7,
                          block_size,
                          0640,
                          {}};
  result.version.fill(std::byte{0x5a});
  return result;
}

/// Memory that remembers what was asked of it, and may refuse.
struct memory_file final : journal_file {
  struct state {
    bytes contents;
    std::string calls;
    int error = 0;
  };

  explicit memory_file(std::shared_ptr<state> s) : s_(std::move(s)) {}

  int write(std::uint64_t offset, std::span<const std::byte> what) override {
    s_->calls += 'w';
    if (s_->error != 0)
      return s_->error;
    s_->contents.resize(std::max<std::size_t>(s_->contents.size(), offset + what.size()));
    std::copy(what.begin(), what.end(), s_->contents.begin() + static_cast<std::ptrdiff_t>(offset));
    return 0;
  }
  int truncate(std::uint64_t size) override {
    s_->calls += 't';
    s_->contents.resize(size);
    return s_->error;
  }
  int sync() override {
    s_->calls += 's';
    return s_->error;
  }
  int sync_directory() override {
    s_->calls += 'd';
    return s_->error;
  }

private:
  std::shared_ptr<state> s_;
};

struct kept {
  std::shared_ptr<memory_file::state> file = std::make_shared<memory_file::state>();
  journal what{std::make_unique<memory_file>(file)};
  int flush_error = 0;

  void begin() { ASSERT_EQ(what.begin(identity(), id), 0); }

  void write(std::uint32_t first, std::uint32_t count) { what.written({first, count}); }

  int checkpoint() {
    return what.checkpoint([this] {
      file->calls += 'f';
      return flush_error;
    });
  }

  std::optional<journal_story> read() const { return read_journal(file->contents); }
};

TEST(Journal, TellsWhatItsHeaderSays) {
  kept k;
  k.begin();
  EXPECT_EQ(k.file->calls, "wsd") << "stable, and its name too, before anything else";
  const auto story = k.read();
  ASSERT_TRUE(story);
  EXPECT_EQ(story->identity, identity());
  EXPECT_EQ(story->id, id);
  EXPECT_TRUE(story->blocks.empty());
  EXPECT_EQ(story->size, k.file->contents.size());
}

TEST(Journal, HoldsTheLongestNames) {
  kept k;
  auto longest = identity();
  longest.source.name_space.assign(255, 'n');
  longest.source.object.assign(4096, 'o');
  ASSERT_EQ(k.what.begin(longest, id), 0);
  EXPECT_EQ(k.read()->identity, longest);
  longest.source.object.assign(10'000, 'o');
  EXPECT_EQ(k.what.begin(longest, id), EINVAL);
}

TEST(Journal, RecordsWhatWasWrittenOnceItIsStable) {
  kept k;
  k.begin();
  k.write(7, 1);
  k.write(8, 2);
  k.write(3, 1);
  EXPECT_TRUE(k.read()->blocks.empty());
  k.file->calls.clear();
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.file->calls, "fws");
  EXPECT_EQ(k.read()->blocks, (spans{{3, 1}, {7, 3}}));
  k.write(4, 3);
  k.write(900, 100);
  EXPECT_EQ(k.checkpoint(), 0);
  const auto story = k.read();
  EXPECT_EQ(story->blocks, (spans{{3, 7}, {900, 100}}));
  EXPECT_EQ(story->records, 2U);
}

TEST(Journal, WhatIsWrittenDuringAFlushWaitsForTheNextOne) {
  kept k;
  k.begin();
  k.write(1, 1);
  EXPECT_EQ(k.what.checkpoint([&] {
    k.write(5, 1);
    return 0;
  }),
            0);
  EXPECT_EQ(k.read()->blocks, (spans{{1, 1}}));
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.read()->blocks, (spans{{1, 1}, {5, 1}}));
}

TEST(Journal, WhatAFlushFailedForIsNeverRecorded) {
  kept k;
  k.begin();
  k.write(1, 1);
  k.flush_error = EIO;
  EXPECT_EQ(k.checkpoint(), EIO);
  k.flush_error = 0;
  k.write(2, 1);
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.read()->blocks, (spans{{2, 1}}));
}

TEST(Journal, WithoutNewsRecordsNothing) {
  kept k;
  k.begin();
  k.file->calls.clear();
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.file->calls, "f");
}

TEST(Journal, ThatCannotBeWrittenEndsAndLeavesTheDataAlone) {
  kept k;
  k.begin();
  k.write(1, 1);
  k.file->error = ENOSPC;
  EXPECT_EQ(k.checkpoint(), 0) << "the data is stable";
  EXPECT_EQ(k.what.error(), ENOSPC);
  k.file->error = 0;
  k.write(2, 1);
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_TRUE(k.read()->blocks.empty());
}

TEST(Journal, TellsHowManyBytesItsBlocksHave) {
  kept k;
  k.begin();
  EXPECT_EQ(k.read()->bytes(), 0U);
  k.write(3, 2);
  k.write(999, 1); // the last one, which is shorter
  ASSERT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.read()->bytes(), 3 * block_size - 7);
}

TEST(Journal, GoesOnWhereItEnds) {
  kept k;
  k.begin();
  k.write(1, 2);
  ASSERT_EQ(k.checkpoint(), 0);
  const auto whole = k.file->contents;
  k.write(10, 1);
  ASSERT_EQ(k.checkpoint(), 0);
  k.file->contents.back() ^= std::byte{1}; // torn
  const auto story = k.read();
  ASSERT_TRUE(story);
  EXPECT_EQ(story->blocks, (spans{{1, 2}}));
  EXPECT_EQ(story->size, whole.size());

  journal next{std::make_unique<memory_file>(k.file)};
  k.file->calls.clear();
  ASSERT_EQ(next.resume(*story), 0);
  EXPECT_EQ(k.file->calls, "tsd");
  EXPECT_EQ(k.file->contents, whole);
  next.written({3, 1});
  ASSERT_EQ(next.checkpoint([] { return 0; }), 0);
  EXPECT_EQ(k.read()->blocks, (spans{{1, 3}}));
}

TEST(Journal, WithManyRangesTakesSeveralRecords) {
  kept k;
  auto large = identity();
  large.object_size = 20'000 * block_size;
  ASSERT_EQ(k.what.begin(large, id), 0);
  spans expected;
  for (std::uint32_t b = 0; b < 20'000; b += 2) {
    k.write(b, 1);
    expected.push_back({b, 1});
  }
  EXPECT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.read()->blocks, expected);
  EXPECT_GT(k.read()->records, 1U);
}

// -- what is no journal ---------------------------------------------------------------------------

TEST(Journal, WithATornHeaderTellsNothing) {
  kept k;
  k.begin();
  const auto whole = k.file->contents;
  EXPECT_FALSE(read_journal({}));
  for (std::size_t size = 0; size < whole.size(); size += 97)
    EXPECT_FALSE(read_journal(std::span{whole}.first(size))) << size;
  for (std::size_t at = 0; at < whole.size(); at += 31) {
    auto damaged = whole;
    damaged[at] ^= std::byte{0x10};
    EXPECT_FALSE(read_journal(damaged)) << at;
  }
}

TEST(Journal, ADamagedRecordIsCutOffWithWhatFollows) {
  kept k;
  k.begin();
  std::vector<std::size_t> ends{k.file->contents.size()};
  for (std::uint32_t b = 0; b < 3; ++b) {
    k.write(10 * b, 1);
    ASSERT_EQ(k.checkpoint(), 0);
    ends.push_back(k.file->contents.size());
  }
  const auto whole = k.file->contents;
  for (std::size_t at = ends[0]; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= std::byte{0x10};
    const auto story = read_journal(damaged);
    ASSERT_TRUE(story);
    const auto left
      = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), at) - ends.begin() - 1);
    EXPECT_EQ(story->records, left) << at;
    EXPECT_EQ(story->size, ends[left]) << at;
    const auto cut = read_journal(std::span{whole}.first(at));
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->records, left) << at;
  }
}

TEST(Journal, RecordsOfAnotherJournalCountForNothing) {
  kept one;
  one.begin();
  one.write(1, 1);
  ASSERT_EQ(one.checkpoint(), 0);
  kept other;
  ASSERT_EQ(other.what.begin(identity(), id + 1), 0);
  auto mixed = other.file->contents;
  mixed.insert(mixed.end(), one.file->contents.begin() + static_cast<std::ptrdiff_t>(mixed.size()),
               one.file->contents.end());
  EXPECT_EQ(read_journal(mixed)->records, 0U);
}

TEST(Journal, ARecordThatComesTwiceOrBeyondTheObjectEndsIt) {
  kept k;
  k.begin();
  const auto header = static_cast<std::ptrdiff_t>(k.file->contents.size());
  k.write(1, 1);
  ASSERT_EQ(k.checkpoint(), 0);
  const bytes record{k.file->contents.begin() + header, k.file->contents.end()};
  auto twice = k.file->contents;
  twice.insert(twice.end(), record.begin(), record.end());
  EXPECT_EQ(read_journal(twice)->records, 1U);
  k.write(999, 2); // the object has 1000 blocks
  ASSERT_EQ(k.checkpoint(), 0);
  EXPECT_EQ(k.read()->records, 1U);
}

} // namespace
} // namespace journal_test
} // namespace fleetcast::apps
