#include "apps/common/disk_journal.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace disk_journal_test {
namespace {

namespace fs = std::filesystem;

class DiskJournal : public testing::Test {
protected:
  std::string path(const std::string& file) const { return (directory_.path() / file).string(); }

  /// Made as it should be.
  void make() {
    auto file = disk_journal::create(around(), name);
    ASSERT_TRUE(file) << file.error().text;
    journal one{std::move(*file)};
    ASSERT_EQ(one.begin({{"server", "lab", "image"}, 100'000, 1000, 0600, {}}, 5), 0);
    one.written({3, 4});
    ASSERT_EQ(one.checkpoint([] { return 0; }), 0);
  }

  descriptor around() const {
    return descriptor{::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  }

  /// Why it is not used.
  std::string refusal() const {
    const auto found = disk_journal::open(around(), name);
    EXPECT_FALSE(found);
    return found ? std::string{} : found.error().text;
  }

  static inline const std::string name = ".fleetcast-0123abcd-abcdef.journal";
  actors::testing::temporary_directory directory_;
};

TEST_F(DiskJournal, IsFoundAsItWasWritten) {
  make();
  auto found = disk_journal::open(around(), name);
  ASSERT_TRUE(found) << found.error().text;
  const auto story = read_journal(found->contents);
  ASSERT_TRUE(story);
  EXPECT_EQ(story->blocks, (std::vector<block_span>{{3, 4}}));
  journal next{std::move(found->file)};
  EXPECT_EQ(next.resume(*story), 0);
}

TEST_F(DiskJournal, ReplacesNothing) {
  make();
  EXPECT_FALSE(disk_journal::create(around(), name));
}

TEST_F(DiskJournal, IsForNobodyElseWhateverTheUmask) {
  const auto before = ::umask(0777);
  make();
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(path(name).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, disk_journal::permissions);
}

TEST_F(DiskJournal, OfWhichThereIsAnotherNameIsLeftAlone) {
  make();
  fs::create_hard_link(path(name), path("other"));
  EXPECT_NE(refusal().find("another name"), std::string::npos) << refusal();
}

TEST_F(DiskJournal, ThatOthersMayWriteIsLeftAlone) {
  make();
  ASSERT_EQ(::chmod(path(name).c_str(), 0620), 0);
  EXPECT_NE(refusal().find("0620"), std::string::npos) << refusal();
}

TEST_F(DiskJournal, OfAnotherUserIsLeftAlone) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give a file away";
  make();
  ASSERT_EQ(::chown(path(name).c_str(), 12345, 12345), 0);
  EXPECT_NE(refusal().find("another user"), std::string::npos) << refusal();
}

TEST_F(DiskJournal, ThatIsALinkOrAPipeIsLeftAlone) {
  std::ofstream{path("elsewhere")} << "x";
  fs::create_symlink(path("elsewhere"), path(name));
  EXPECT_FALSE(refusal().empty());
  fs::remove(path(name));
  ASSERT_EQ(::mkfifo(path(name).c_str(), 0600), 0);
  EXPECT_NE(refusal().find("no regular file"), std::string::npos) << refusal();
}

TEST_F(DiskJournal, ThatIsNotThereIsNoDefect) {
  const auto found = disk_journal::open(around(), name);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error, ENOENT);
}

} // namespace
} // namespace disk_journal_test
} // namespace fleetcast::apps
