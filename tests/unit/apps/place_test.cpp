#include "apps/common/place.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace place_test {
namespace {

class Place : public ::testing::Test {
protected:
  Place() : directory_{::open(own_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {}

  std::string path(const std::string& name) const { return (own_.path() / name).string(); }

  void put(const std::string& name) const { std::ofstream{path(name)} << "old"; }

  /// 0: `name` can be given; else errno of the refusal.
  int refusal(const std::string& name) const {
    const auto refused = refusal_of_name(directory_, name, path(name));
    return refused ? refused->error : 0;
  }

  /// False where the file system has no such flags, or this user may not set them.
  bool set_flags(const std::string& name, int flags) const {
    const descriptor file{::open(path(name).c_str(), O_RDONLY | O_CLOEXEC)};
    return ::ioctl(file.get(), FS_IOC_SETFLAGS, &flags) == 0;
  }

  actors::testing::temporary_directory own_;
  descriptor directory_;
};

TEST_F(Place, IsGivenToANewFileAndInPlaceOfARegularOne) {
  put("there");
  EXPECT_EQ(refusal("there"), 0);
  EXPECT_EQ(refusal("new"), 0);
}

TEST_F(Place, IsNotTakenFromWhatIsNoRegularFile) {
  std::filesystem::create_directory(path("directory"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal("directory"), EEXIST);
  EXPECT_EQ(refusal("fifo"), EEXIST);
}

TEST_F(Place, IsNotTakenFromAnImmutableOrAppendOnlyFile) {
  put("disk.img");
  for (const auto& [flag, word] :
       {std::pair{FS_IMMUTABLE_FL, "immutable"}, {FS_APPEND_FL, "append-only"}}) {
    if (!set_flags("disk.img", flag))
      GTEST_SKIP() << "no such flags here";
    const auto refused = refusal_of_name(directory_, "disk.img", path("disk.img"));
    EXPECT_TRUE(set_flags("disk.img", 0));
    ASSERT_TRUE(refused) << word;
    EXPECT_EQ(refused->error, EPERM);
    EXPECT_NE(refused->text.find(word), std::string::npos) << refused->text;
    EXPECT_NE(refused->text.find("chattr"), std::string::npos) << refused->text;
  }
}

TEST_F(Place, IsNotHadInAnImmutableDirectory) {
  if (!set_flags("", FS_IMMUTABLE_FL))
    GTEST_SKIP() << "no such flags here";
  const auto refused = refusal("disk.img");
  EXPECT_TRUE(set_flags("", 0));
  EXPECT_EQ(refused, EPERM);
}

TEST_F(Place, NeedsRoomForTheWholeObject) {
  put("disk.img");
  const descriptor file{::open(path("disk.img").c_str(), O_RDWR | O_CLOEXEC)};
  EXPECT_FALSE(refusal_of_size(file, 1, "disk.img"));
  const auto refused = refusal_of_size(file, std::uint64_t{1} << 60U, "disk.img");
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->disk_full());
  EXPECT_NE(refused->text.find("1152921504606846976 bytes"), std::string::npos) << refused->text;
}

TEST_F(Place, HandsModeAndOwnerOnButNoSetIdBits) {
  put("old");
  put("new");
  ASSERT_EQ(::chmod(path("old").c_str(), 04640), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(path("old").c_str(), 1234, 2345), 0);
    ASSERT_EQ(::chmod(path("old").c_str(), 04640), 0);
  }
  const descriptor file{::open(path("new").c_str(), O_RDWR | O_CLOEXEC)};
  take_over_access(directory_, "old", file);
  struct stat info {};
  ASSERT_EQ(::stat(path("new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  if (is_root) {
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 2345U);
  }
}

TEST_F(Place, TakesAnAccessListAwayThatTheReplacedFileDoesNotHave) {
  put("old");
  put("new");
  ASSERT_EQ(::chmod(path("old").c_str(), 0640), 0);
  // Version 2: owner rw-, user 1000 rw-, group ---, mask rw-, others ---.
  constexpr auto none = 0xffffffffU;
  struct entry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
  };
  struct {
    std::uint32_t version = 2;
    std::array<entry, 5> entries{
      {{0x01, 6, none}, {0x02, 6, 1000}, {0x04, 0, none}, {0x10, 6, none}, {0x20, 0, none}}};
  } list;
  constexpr const char* attribute = "system.posix_acl_access";
  if (::setxattr(path("new").c_str(), attribute, &list, sizeof list, 0) != 0)
    GTEST_SKIP() << "no access lists here";
  const descriptor file{::open(path("new").c_str(), O_RDWR | O_CLOEXEC)};
  take_over_access(directory_, "old", file);
  EXPECT_EQ(::getxattr(path("new").c_str(), attribute, nullptr, 0), -1);
  struct stat info {};
  ASSERT_EQ(::stat(path("new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

} // namespace
} // namespace place_test
} // namespace fleetcast::apps
