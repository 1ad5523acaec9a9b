#include "apps/common/leftovers.hpp"
#include "apps/common/staged_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace kept_copy_test {
namespace {

namespace fs = std::filesystem;

using spans = std::vector<byte_span>;
using bytes = std::vector<std::byte>;

constexpr std::uint32_t block = 4096;
constexpr std::uint64_t object_size = 4 * block + 100; // the last block is shorter
const copy_source source{"server", "lab", "images/disk.img"};

std::uint64_t size_of_block(std::uint64_t number, std::uint64_t size = object_size) {
  return std::min<std::uint64_t>(block, size - number * block);
}

/// None is all zeros.
bytes content_of(std::uint64_t number, std::uint64_t size = object_size) {
  return bytes(size_of_block(number, size), static_cast<std::byte>(number + 1));
}

class KeptCopy : public testing::Test {
protected:
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  std::string target() const { return path("disk.img"); }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator{directory_.path()})
      result.push_back(entry.path().filename());
    std::sort(result.begin(), result.end());
    return result;
  }

  staged_file open(const copy_source& wanted = source, bool fresh = false) {
    remarks.clear();
    auto file = staged_file::create_kept(target(), wanted, fresh, remarks);
    if (!file)
      throw std::runtime_error(file.error().text);
    return std::move(*file);
  }

  static void begin(staged_file& file, std::uint64_t size = object_size) {
    ASSERT_TRUE(file.size(size));
    file.keep_blocks(block);
  }

  static void write(staged_file& file, std::vector<std::uint64_t> numbers,
                    std::uint64_t size = object_size) {
    for (const auto number : numbers)
      ASSERT_TRUE(file.write(number * block, content_of(number, size)));
  }

  /// What a transfer leaves that failed after these blocks; path of the hidden file.
  std::string leave(std::vector<std::uint64_t> numbers, const copy_source& of = source) {
    auto file = open(of);
    begin(file);
    write(file, std::move(numbers));
    const auto kept = file.keep();
    return kept ? kept->path : std::string{};
  }

  bytes text_of(const std::string& file) const {
    std::ifstream stream{file, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    const auto all = std::as_bytes(std::span{text});
    return {all.begin(), all.end()};
  }

  bool is_said(const std::string& words) const {
    return std::any_of(remarks.begin(), remarks.end(), [&](const std::string& remark) {
      return remark.find(words) != std::string::npos;
    });
  }

  std::string all_remarks() const {
    std::string result;
    for (const auto& remark : remarks)
      result += remark + "; ";
    return result;
  }

  /// The one that is there was left alone and named, and another one began.
  void expect_left_alone(const std::string& left, const std::string& why) {
    auto file = open();
    EXPECT_EQ(file.held(), spans{});
    EXPECT_TRUE(is_said("left alone")) << all_remarks();
    EXPECT_TRUE(is_said(why)) << all_remarks();
    EXPECT_TRUE(fs::exists(left));
    EXPECT_NE(file.staged_path(), left);
  }

  actors::testing::temporary_directory directory_;
  std::vector<std::string> remarks;
};

TEST_F(KeptCopy, IsContinuedAndPublishedWithoutATrace) {
  std::string left;
  {
    auto file = open();
    EXPECT_EQ(file.held_bytes(), 0U);
    begin(file);
    write(file, {0, 2, 4});
    const auto kept = file.keep();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->bytes, 2 * block + 100U);
    EXPECT_FALSE(kept->unrecorded);
    left = kept->path;
  }
  EXPECT_EQ(names().size(), 2U) << "the hidden file and its journal";
  {
    auto file = open();
    EXPECT_TRUE(remarks.empty()) << all_remarks();
    EXPECT_EQ(file.staged_path(), left);
    EXPECT_EQ(file.held(), (spans{{0, block}, {2 * block, block}, {4 * block, 100}}));
    EXPECT_EQ(file.held_bytes(), 2 * block + 100U);
    EXPECT_EQ(file.held_object_bytes(), object_size);
    begin(file);
    bytes found(block);
    ASSERT_TRUE(file.read(2 * block, found));
    EXPECT_EQ(found, content_of(2));
    write(file, {1, 3});
    ASSERT_TRUE(file.sync());
    ASSERT_TRUE(file.publish());
  }
  EXPECT_EQ(names(), std::vector<std::string>{"disk.img"});
  bytes whole;
  for (std::uint64_t number = 0; number < 5; ++number) {
    const auto part = content_of(number);
    whole.insert(whole.end(), part.begin(), part.end());
  }
  EXPECT_EQ(text_of(target()), whole);
}

TEST_F(KeptCopy, GrowsFromOneAttemptToTheNext) {
  leave({0});
  leave({3});
  auto file = open();
  EXPECT_EQ(file.held(), (spans{{0, block}, {3 * block, block}}));
}

TEST_F(KeptCopy, IsRecordedWhileTheTransferRuns) {
  auto file = open();
  begin(file);
  file.bypass_page_cache();
  write(file, {0, 1});
  const auto journal = journal_name_of(file.staged_path());
  std::optional<journal_story> story;
  while (!story || story->blocks.empty()) // by the flush of half a second later
    story = read_journal(text_of(journal));
  EXPECT_EQ(story->bytes(), 2 * block);
}

TEST_F(KeptCopy, OfWhichNothingArrivedIsRemoved) {
  EXPECT_EQ(leave({}), "");
  { auto never_begun = open(); }
  EXPECT_TRUE(names().empty());
}

TEST_F(KeptCopy, StaysThoughTheNextTransferDoesNotEvenBegin) {
  const auto left = leave({1});
  { auto file = open(); }
  const auto kept = open().keep();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->path, left);
  EXPECT_EQ(kept->bytes, block);
}

TEST_F(KeptCopy, OfAnotherObjectIsRemovedAndNamed) {
  const auto left = leave({0}, {"server", "lab", "images/other.img"});
  auto file = open();
  EXPECT_EQ(file.held(), spans{});
  EXPECT_TRUE(is_said("images/other.img")) << all_remarks();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_FALSE(fs::exists(journal_name_of(left)));
}

TEST_F(KeptCopy, OfAServerWithAnotherNameIsContinued) {
  leave({0}, {"192.0.2.1:5040", "lab", "images/disk.img"});
  EXPECT_EQ(open().held(), (spans{{0, block}}));
}

TEST_F(KeptCopy, IsRemovedIfAskedToStartOver) {
  const auto left = leave({0});
  auto file = open(source, true);
  EXPECT_EQ(file.held(), spans{});
  EXPECT_TRUE(is_said("--fresh")) << all_remarks();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(KeptCopy, WithMoreIsContinuedAndTheOtherOneRemoved) {
  const auto less = leave({0});
  fs::rename(less, path("aside"));
  fs::rename(journal_name_of(less), path("aside.journal"));
  const auto more = leave({1, 2});
  fs::rename(path("aside"), less);
  fs::rename(path("aside.journal"), journal_name_of(less));
  auto file = open();
  EXPECT_EQ(file.staged_path(), more);
  EXPECT_TRUE(is_said("another one has more")) << all_remarks();
  EXPECT_FALSE(fs::exists(less));
}

TEST_F(KeptCopy, OfATransferThatRunsIsNotTouched) {
  leave({0});
  auto first = open();
  EXPECT_EQ(first.held_bytes(), block);
  auto second = open();
  EXPECT_EQ(second.held_bytes(), 0U);
  EXPECT_TRUE(is_said("still runs")) << all_remarks();
  begin(first);
  begin(second);
  write(second, {0, 1, 2, 3, 4});
  ASSERT_TRUE(second.publish());
  write(first, {1, 2, 3, 4});
  ASSERT_TRUE(first.publish()) << "the second one's success is no reason to lose the first one";
  EXPECT_EQ(names(), std::vector<std::string>{"disk.img"});
}

/// Root's copy that replaces another user's file must be root's until then, or it could not be told from a planted one.
TEST_F(KeptCopy, BelongsToThisUserAndIsPrivateUntilItReplacesAFile) {
  std::ofstream{target()} << "old";
  ASSERT_EQ(::chmod(target().c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(target().c_str(), 12345, 12345), 0);
  }
  const auto left = leave({0});
  struct stat info {};
  ASSERT_EQ(::stat(left.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, ::geteuid());
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  auto file = open();
  EXPECT_EQ(file.held_bytes(), block);
  begin(file);
  ASSERT_TRUE(file.sync());
  ASSERT_TRUE(file.publish());
  ASSERT_EQ(::stat(target().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  EXPECT_EQ(info.st_uid, ::geteuid() == 0 ? 12345U : ::geteuid());
}

TEST_F(KeptCopy, IsRemovedOnceTheTargetIsWhole) {
  leave({0});
  auto file = staged_file::create(target());
  ASSERT_TRUE(file);
  EXPECT_EQ(names().size(), 3U) << "not before";
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(names(), std::vector<std::string>{"disk.img"});
}

TEST_F(KeptCopy, IsNothingToSweepFromATree) {
  leave({0});
  EXPECT_EQ(sweep_tree(directory_.path().string()), 0U);
  EXPECT_EQ(names().size(), 2U);
}

TEST_F(KeptCopy, AJournalWhoseFileWasPublishedIsRemoved) {
  const auto left = leave({0});
  fs::rename(left, target()); // and then the process was killed
  auto file = open();
  EXPECT_EQ(file.held_bytes(), 0U);
  EXPECT_FALSE(fs::exists(journal_name_of(left)));
  EXPECT_TRUE(fs::exists(target()));
}

TEST_F(KeptCopy, WhoseFileSomebodyRemovedIsNotKept) {
  auto file = open();
  begin(file);
  write(file, {0});
  fs::remove(file.staged_path());
  EXPECT_FALSE(file.keep());
  EXPECT_TRUE(names().empty());
}

// -- the object is another one --------------------------------------------------------------------

TEST_F(KeptCopy, OfAnObjectOfAnotherSizeBeginsANewJournal) {
  leave({0, 1, 4});
  constexpr std::uint64_t grown = 8 * block;
  auto file = open();
  EXPECT_EQ(file.held_bytes(), 2 * block + 100U);
  begin(file, grown);
  EXPECT_FALSE(file.keep()) << "of the new object nothing is known";
  EXPECT_TRUE(names().empty());
}

TEST_F(KeptCopy, OfAnObjectOfAnotherSizeRecordsWhatIsProven) {
  leave({0, 1, 4});
  constexpr std::uint64_t grown = 8 * block;
  {
    auto file = open();
    begin(file, grown);
    file.proven(block, block);
    write(file, {5}, grown);
    ASSERT_TRUE(file.keep());
  }
  EXPECT_EQ(open().held(), (spans{{block, block}, {5 * block, block}}));
}

/// On a fresh file zeros are left out, since they are there. Here something else is.
TEST_F(KeptCopy, ZerosReplaceWhatIsHeld) {
  leave({0, 1});
  auto file = open();
  begin(file);
  ASSERT_TRUE(file.write(block, bytes(block)));
  bytes found(block);
  ASSERT_TRUE(file.read(block, found));
  EXPECT_EQ(found, bytes(block));
  ASSERT_TRUE(file.read(0, found));
  EXPECT_EQ(found, content_of(0));
}

// -- what others may have put there ---------------------------------------------------------------

TEST_F(KeptCopy, WithAnotherNameIsLeftAlone) {
  const auto left = leave({0});
  fs::create_hard_link(left, path("other"));
  expect_left_alone(left, "another name");
}

TEST_F(KeptCopy, ThatMoreMayWriteThanBeforeIsLeftAlone) {
  const auto left = leave({0});
  ASSERT_EQ(::chmod(left.c_str(), 0666), 0);
  expect_left_alone(left, "0666");
}

TEST_F(KeptCopy, WhoseJournalMoreMayWriteIsLeftAlone) {
  const auto left = leave({0});
  ASSERT_EQ(::chmod(journal_name_of(left).c_str(), 0660), 0);
  expect_left_alone(left, "0660");
}

TEST_F(KeptCopy, WhoseJournalIsALinkIsLeftAlone) {
  const auto left = leave({0});
  fs::rename(journal_name_of(left), path("elsewhere"));
  fs::create_symlink(path("elsewhere"), journal_name_of(left));
  auto file = open();
  EXPECT_EQ(file.held(), spans{});
  EXPECT_TRUE(is_said("cannot use the journal")) << all_remarks();
  EXPECT_TRUE(fs::exists(left));
}

TEST_F(KeptCopy, OfAnotherUserIsLeftAlone) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give a file away";
  const auto left = leave({0});
  ASSERT_EQ(::chown(left.c_str(), 12345, 12345), 0);
  expect_left_alone(left, "another user");
}

TEST_F(KeptCopy, ThatIsAPipeIsLeftAlone) {
  const auto left = leave({0});
  fs::remove(left);
  ASSERT_EQ(::mkfifo(left.c_str(), 0600), 0);
  expect_left_alone(left, "no regular file");
}

TEST_F(KeptCopy, WithATornJournalIsRemovedAndNamed) {
  const auto left = leave({0});
  ASSERT_EQ(::truncate(journal_name_of(left).c_str(), 5000), 0);
  auto file = open();
  EXPECT_EQ(file.held(), spans{});
  EXPECT_TRUE(is_said("no whole header")) << all_remarks();
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(KeptCopy, ManyOfThemAreNamedUpToABound) {
  const auto left = leave({0});
  const auto digits = left.size() - random_letters;
  for (char letter = 'a'; letter < 'z'; ++letter)
    std::ofstream{journal_name_of(left.substr(0, digits) + "plant" + letter)} << "x";
  for (char letter = 'a'; letter < 'z'; ++letter)
    fs::create_symlink("nowhere", left.substr(0, digits) + "plant" + letter);
  EXPECT_EQ(open().held(), (spans{{0, block}}));
  EXPECT_LT(remarks.size(), 12U);
}

// -- a journal that cannot be written -------------------------------------------------------------

/// In a process of its own: no file grows beyond a page.
void begin_without_room(const std::string& directory) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit page{4096, 4096};
  setrlimit(RLIMIT_FSIZE, &page);
  const descriptor around{::open(directory.c_str(), O_RDONLY | O_DIRECTORY)};
  staged_journal journal{source, open_again(around, O_RDONLY | O_DIRECTORY), "hidden"};
  journal.begin(object_size, block, 0600);
  journal.written(0, block);
  const bool is_named
    = journal.failure() && journal.failure()->text.find("hidden.journal") != std::string::npos;
  const bool is_flushed = journal.checkpoint([] { return 7; }) == 7;
  const bool nothing = journal.recorded_bytes() == 0 && fs::is_empty(directory);
  _exit(is_named && is_flushed && nothing ? 0 : 1);
}

TEST_F(KeptCopy, AJournalWithoutRoomIsNamedAndLeavesNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(begin_without_room(directory_.path().string()), testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace kept_copy_test
} // namespace fleetcast::apps
