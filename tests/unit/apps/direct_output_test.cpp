#include "apps/common/direct_output.hpp"
#include "apps/common/staged_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

namespace fleetcast::apps {
namespace direct_output_test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t mebibyte = 1U << 20U;
constexpr std::size_t page = 4096;

// -- busy_share ---------------------------------------------------------------------------------------

class BusyShare : public testing::Test {
protected:
  /// Writes of a MiB that take `inside` of every `period`.
  void write(int count, milliseconds inside, milliseconds period) {
    for (int i = 0; i < count; ++i, now_ += period)
      share_.add(now_, now_ + inside, mebibyte);
  }

  busy_share share_;
  busy_share::time_point now_{};
};

TEST_F(BusyShare, IsTooMuchWhenNearlyAllTimeGoesThere) {
  write(127, milliseconds{10}, milliseconds{10});
  EXPECT_FALSE(share_.too_much()) << "judged too early";
  write(1, milliseconds{10}, milliseconds{10});
  EXPECT_TRUE(share_.too_much());
}

TEST_F(BusyShare, IsNotTooMuchWhileThereIsOtherWork) {
  write(1000, milliseconds{9}, milliseconds{10});
  EXPECT_FALSE(share_.too_much());
}

TEST_F(BusyShare, IsJudgedAnewAgainAndAgain) {
  write(1000, milliseconds{1}, milliseconds{10});
  write(256, milliseconds{10}, milliseconds{10}); // the disk has become slow
  EXPECT_TRUE(share_.too_much());
}

TEST_F(BusyShare, OfASlowDiskIsJudgedByTime) {
  write(19, milliseconds{100}, milliseconds{100});
  EXPECT_FALSE(share_.too_much());
  write(1, milliseconds{100}, milliseconds{100});
  EXPECT_TRUE(share_.too_much());
}

TEST_F(BusyShare, IsNotJudgedByAFewWrites) {
  write(15, milliseconds{1000}, milliseconds{1000});
  EXPECT_FALSE(share_.too_much());
}

TEST_F(BusyShare, OnceTooMuchStaysTooMuch) {
  write(128, milliseconds{10}, milliseconds{10});
  write(1000, milliseconds{1}, milliseconds{10});
  EXPECT_TRUE(share_.too_much());
}

// -- direct_output ------------------------------------------------------------------------------------

struct page_deleter {
  void operator()(std::byte* memory) const noexcept { std::free(memory); }
};

/// Whole pages of random bytes, where pages begin.
class pages {
public:
  explicit pages(std::size_t count)
    : size_(count * page),
      bytes_(static_cast<std::byte*>(std::aligned_alloc(page, size_))) {
    std::mt19937 random{20261122};
    for (auto& byte : std::span{bytes_.get(), size_})
      byte = static_cast<std::byte>(random());
  }

  std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

private:
  std::size_t size_;
  std::unique_ptr<std::byte, page_deleter> bytes_;
};

iovec as_block(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

class DirectOutput : public testing::Test {
protected:
  DirectOutput() { std::ofstream{own_.path() / "file"}; }

  void open() {
    output_.open(descriptor{::open((own_.path() / "file").c_str(), O_RDONLY)});
    if (!output_.usable())
      GTEST_SKIP() << "this file system cannot write past the page cache";
  }

  std::size_t write(std::uint64_t offset, std::span<const std::byte> bytes) {
    const auto block = as_block(bytes);
    return output_.write(offset, std::span{&block, 1});
  }

  std::vector<char> contents(const std::string& name) const {
    std::ifstream stream{own_.path() / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  static std::vector<char> chars(std::span<const std::byte> bytes) {
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    return {begin, begin + bytes.size()};
  }

  actors::testing::temporary_directory own_;
  direct_output output_;
  pages pages_{3};
};

TEST_F(DirectOutput, WritesWholePages) {
  ASSERT_NO_FATAL_FAILURE(open());
  if (IsSkipped())
    return;
  EXPECT_EQ(write(0, pages_.bytes()), 3 * page);
  EXPECT_EQ(write(page, pages_.bytes().first(page)), page);
  auto expected = chars(pages_.bytes());
  std::copy_n(expected.begin(), page, expected.begin() + page);
  EXPECT_EQ(contents("file"), expected);
}

TEST_F(DirectOutput, LeavesWhatIsNotAlignedAndGoesOn) {
  ASSERT_NO_FATAL_FAILURE(open());
  if (IsSkipped())
    return;
  EXPECT_EQ(write(1, pages_.bytes().first(page)), 0U);
  EXPECT_EQ(write(0, pages_.bytes().subspan(512, page)), 0U);
  EXPECT_EQ(write(0, pages_.bytes().first(page - 1)), 0U);
  EXPECT_EQ(contents("file"), std::vector<char>{});
  EXPECT_EQ(write(0, pages_.bytes()), 3 * page);
}

TEST_F(DirectOutput, WritesBlocksOneBehindTheOther) {
  ASSERT_NO_FATAL_FAILURE(open());
  if (IsSkipped())
    return;
  const auto all = pages_.bytes();
  const std::array blocks{as_block(all.subspan(page, page)), as_block(all.first(page))};
  EXPECT_EQ(output_.write(page, blocks), 2 * page);
  auto expected = std::vector<char>(page);
  for (const auto& part : {all.subspan(page, page), all.first(page)})
    for (const auto byte : chars(part))
      expected.push_back(byte);
  EXPECT_EQ(contents("file"), expected);
}

TEST_F(DirectOutput, WritesBlocksUpToTheFirstThatIsNotAligned) {
  ASSERT_NO_FATAL_FAILURE(open());
  if (IsSkipped())
    return;
  const auto all = pages_.bytes();
  const std::array blocks{as_block(all.first(page)), as_block(all.subspan(page, page - 1)),
                          as_block(all.subspan(2 * page))};
  EXPECT_EQ(output_.write(0, blocks), page);
  EXPECT_EQ(contents("file"), chars(all.first(page)));
  EXPECT_TRUE(output_.usable());
}

TEST_F(DirectOutput, WritesNothingWhereItCannotBeOpened) {
  output_.open(descriptor{::open(own_.path().c_str(), O_RDONLY | O_DIRECTORY)});
  EXPECT_FALSE(output_.usable());
  EXPECT_EQ(write(0, pages_.bytes()), 0U);
}

/// A limit on file sizes cuts a write short as a full disk does; the rest is the caller's.
TEST_F(DirectOutput, GivesUpAtAWriteThatIsCutShort) {
  ASSERT_NO_FATAL_FAILURE(open());
  if (IsSkipped())
    return;
  const auto before_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{2 * page, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto taken = write(0, pages_.bytes());
  const auto beyond = write(2 * page, pages_.bytes().first(page));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, before_handler);
  EXPECT_EQ(taken, 2 * page);
  EXPECT_EQ(beyond, 0U);
  EXPECT_FALSE(output_.usable());
}

// -- with staged_file ---------------------------------------------------------------------------------

/// Both ways lead to one file: pages past the page cache, the rest through it.
TEST_F(DirectOutput, AStagedFileHoldsWhatCameByEitherWay) {
  const auto target = (own_.path() / "staged").string();
  auto file = staged_file::create(target);
  ASSERT_TRUE(file) << file.error().text;
  const auto all = pages_.bytes();
  ASSERT_TRUE(file->size(all.size() + 100));
  ASSERT_TRUE(
    file->write(2 * page, all.first(page))); // replaced below, past the page cache that holds it
  file->bypass_page_cache();
  ASSERT_TRUE(file->write(2 * page, all.subspan(2 * page)));
  ASSERT_TRUE(file->write(all.size(), all.first(100)));
  ASSERT_TRUE(file->write(0, all.first(page + 7)));
  ASSERT_TRUE(file->write(page + 7, all.subspan(page + 7, page - 7)));
  std::vector<std::byte> back(page);
  ASSERT_TRUE(file->read(page, back));
  EXPECT_EQ(chars(back), chars(all.subspan(page, page)));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->publish());
  auto expected = chars(all);
  expected.insert(expected.end(), expected.begin(), expected.begin() + 100);
  EXPECT_EQ(contents("staged"), expected);
}

} // namespace
} // namespace direct_output_test
} // namespace fleetcast::apps
