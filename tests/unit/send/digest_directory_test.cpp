#include "actors/serve/digest_directory.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace digest_directory_test {
namespace {

using namespace fleetcast::actors;
namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;

class DigestDirectory : public ::testing::Test {
protected:
  std::unique_ptr<digest_directory> open() const {
    auto result = digest_directory::open(path);
    EXPECT_TRUE(result) << result.error().text;
    return result ? std::move(*result) : nullptr;
  }

  /// Every way to touch `file` leaves what is there alone, and says why.
  void expect_left_alone(const std::string& file, const std::string& why) const {
    const auto one = open();
    const auto check = [&](const store_outcome& done) {
      ASSERT_FALSE(done);
      EXPECT_NE(done.error().foreign.find(why), std::string::npos) << done.error().foreign;
    };
    const auto read = one->read(file, 1000);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().foreign.find(why), std::string::npos) << read.error().foreign;
    check(one->append(file, some));
    check(one->create(file, some));
    check(one->cut(file, 0));
    check(one->remove(file));
    EXPECT_TRUE(fs::exists(fs::symlink_status(path / file)));
    EXPECT_TRUE(one->list()->empty());
  }

  void write(const fs::path& file, const std::string& text, mode_t mode = 0600) const {
    std::ofstream{file, std::ios::binary} << text;
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
  }

  const bytes some{std::byte{1}, std::byte{2}, std::byte{3}};
  fleetcast::actors::testing::temporary_directory own;
  fs::path path = own.path() / "state" / "digests";
};

TEST_F(DigestDirectory, IsMadeForNobodyElse) {
  open();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(DigestDirectory, ThatOthersMayLookIntoIsRefused) {
  open();
  fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
  const auto refused = digest_directory::open(path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("chmod 700"), std::string::npos) << refused.error().text;
}

TEST_F(DigestDirectory, ThatIsALinkIsRefused) {
  fs::create_directories(own.path() / "state");
  fs::create_directory(own.path() / "elsewhere");
  fs::permissions(own.path() / "elsewhere", fs::perms::owner_all);
  fs::create_directory_symlink(own.path() / "elsewhere", path);
  EXPECT_FALSE(digest_directory::open(path));
}

TEST_F(DigestDirectory, KeepsWhatItIsGiven) {
  const auto one = open();
  ASSERT_TRUE(one->create("a", some));
  ASSERT_TRUE(one->append("a", some));
  const auto read = one->read("a", 6);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (bytes{some[0], some[1], some[2], some[0], some[1], some[2]}));
  ASSERT_TRUE(one->cut("a", 2));
  EXPECT_EQ(*one->read("a", 6), (bytes{some[0], some[1]}));
  ASSERT_TRUE(one->create("a", some));
  EXPECT_EQ(*one->read("a", 6), some);
  ASSERT_TRUE(one->remove("a"));
  EXPECT_EQ(one->read("a", 6).error().error, ENOENT);
  EXPECT_EQ(one->append("a", some).error().error, ENOENT);
  EXPECT_EQ(one->remove("a").error().error, ENOENT);
}

TEST_F(DigestDirectory, ReadsNothingThatIsTooLarge) {
  const auto one = open();
  ASSERT_TRUE(one->create("a", some));
  EXPECT_EQ(one->read("a", 2).error().error, EFBIG);
}

TEST_F(DigestDirectory, MakesFilesForNobodyElseWhateverTheUmask) {
  const auto one = open();
  const auto before = ::umask(0);
  ASSERT_TRUE(one->create("a", some));
  ::umask(0777);
  ASSERT_TRUE(one->create("b", some));
  ::umask(before);
  for (const auto* file : {"a", "b"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path / file).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U) << file;
  }
}

TEST_F(DigestDirectory, ListsFilesByTheTimeOfTheirLastUse) {
  const auto one = open();
  for (const auto* file : {"a", "b", "c"})
    ASSERT_TRUE(one->create(file, some));
  const auto used = [&](const char* file, time_t when) {
    const timespec times[2]{{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (path / file).c_str(), times, 0), 0);
  };
  used("a", 2000);
  used("b", 1000);
  used("c", 3000);
  const auto names = [&] {
    std::string result;
    const auto all = one->list();
    for (const auto& file : all.value()) {
      result += file.name;
      EXPECT_EQ(file.size, some.size());
    }
    return result;
  };
  EXPECT_EQ(names(), "bac");
  EXPECT_TRUE(one->read("b", 10));
  EXPECT_EQ(names(), "acb") << "reading is use";
}

TEST_F(DigestDirectory, LeavesALinkAlone) {
  open();
  write(own.path() / "victim", "precious");
  fs::create_symlink(own.path() / "victim", path / "a");
  expect_left_alone("a", "link");
  EXPECT_EQ(fs::file_size(own.path() / "victim"), 8U);
}

TEST_F(DigestDirectory, LeavesAFileWithASecondNameAlone) {
  open();
  write(own.path() / "victim", "precious");
  fs::create_hard_link(own.path() / "victim", path / "a");
  expect_left_alone("a", "another name");
  EXPECT_EQ(fs::file_size(own.path() / "victim"), 8U);
}

TEST_F(DigestDirectory, LeavesAPipeAloneAndDoesNotWaitForIt) {
  open();
  ASSERT_EQ(::mkfifo((path / "a").c_str(), 0600), 0);
  expect_left_alone("a", "not a regular file");
}

TEST_F(DigestDirectory, LeavesADirectoryAlone) {
  open();
  fs::create_directory(path / "a");
  expect_left_alone("a", "not a regular file");
}

TEST_F(DigestDirectory, LeavesAFileThatOthersMayTouchAlone) {
  open();
  write(path / "a", "digests", 0640);
  expect_left_alone("a", "permissions");
}

TEST_F(DigestDirectory, LeavesAFileOfAnotherUserAlone) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give files away";
  open();
  write(path / "a", "digests");
  ASSERT_EQ(::chown((path / "a").c_str(), 12345, 12345), 0);
  expect_left_alone("a", "another user");
}

} // namespace
} // namespace digest_directory_test
