#include "actors/serve/directory_provider.hpp"
#include "protocol/wire/control_messages.hpp"
#include "tests/support/proves.hpp"
#include "tests/unit/send/served_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace directory_provider_test {
namespace {

using fleetcast::proves;
using fleetcast::actors::content;
using fleetcast::actors::directory_provider;
using fleetcast::actors::namespace_directory;
using fleetcast::protocol::failure;
using fleetcast::protocol::failure_code;
namespace fs = std::filesystem;

class DirectoryProvider : public fleetcast::actors::testing::served_directory {
protected:
  ~DirectoryProvider() override {
    std::error_code ignored;
    fs::permissions(root / "served/closed", fs::perms::owner_all, ignored);
  }

  std::string read(const content& from, std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> out(size);
    last_error = {};
    if (auto done = from.read(offset, out); !done) {
      last_error = done.error();
      return "failed";
    }
    return {reinterpret_cast<const char*>(out.data()), out.size()};
  }

  std::shared_ptr<content> opened(std::string_view object) {
    auto result = provider->open("lab", object);
    if (!result)
      throw std::runtime_error{result.error().text};
    return *result;
  }

  /// Also checks that the text tells the client nothing of the server's directories.
  failure_code refusal(std::string_view object) {
    const auto result = provider->open("lab", object);
    if (result)
      return failure_code::none;
    last_error = result.error();
    EXPECT_EQ(last_error.text.find(root.filename().string()), std::string::npos) << last_error.text;
    EXPECT_FALSE(last_error.text.empty());
    return last_error.code;
  }

  failure last_error;
};

TEST_F(DirectoryProvider, ServesFilesBelowItsDirectory) {
  proves("R-MOD-6");
  EXPECT_EQ(opened("file")->size(), 10U);
  EXPECT_EQ(opened("file")->name(), "lab/file");
  EXPECT_EQ(read(*opened("file"), 0, 10), "0123456789");
  EXPECT_EQ(read(*opened("file"), 3, 4), "3456");
  EXPECT_EQ(read(*opened("sub/inner"), 0, 5), "inner");
}

TEST_F(DirectoryProvider, TakesABackslashForASlash) {
  proves("R-MOD-6");
  EXPECT_EQ(read(*opened("sub\\inner"), 0, 5), "inner");
  EXPECT_EQ(refusal("..\\outside\\secret"), failure_code::invalid_name);
  EXPECT_EQ(refusal("\\etc\\passwd"), failure_code::object_not_found);
}

TEST_F(DirectoryProvider, RefusesNamesThatLeadOut) {
  proves("R-MOD-6");
  EXPECT_EQ(refusal("../outside/secret"), failure_code::invalid_name);
  EXPECT_EQ(refusal("sub/../../outside/secret"), failure_code::invalid_name);
  EXPECT_EQ(refusal(".."), failure_code::invalid_name);
  EXPECT_EQ(refusal("/etc/passwd"), failure_code::object_not_found);
}

/// Or a stranger could ask what there is on the host, and what its directories are called.
TEST_F(DirectoryProvider, DoesNotTellWhatThereIsOutside) {
  fs::create_directory_symlink(root / "outside", root / "served/away");
  for (const auto* name : {"../outside/secret", "../outside/none", "../none/none", "../served/file",
                           "sub/../../served/file", "away/secret", "away/none"})
    EXPECT_EQ(refusal(name), failure_code::invalid_name) << name;
  EXPECT_EQ(read(*opened("sub/../file"), 0, 3), "012");
}

TEST_F(DirectoryProvider, SlashesAtTheBeginningOfANameDoNotCount) {
  EXPECT_EQ(read(*opened("/file"), 0, 5), "01234");
  EXPECT_EQ(opened("//sub//inner")->name(), "lab/sub//inner");
}

TEST_F(DirectoryProvider, FollowsAnAbsoluteLinkThatStaysInside) {
  fs::create_symlink(root / "served/sub/inner", root / "served/absolute");
  fs::create_directory_symlink(root / "served/sub", root / "served/directory");
  EXPECT_EQ(read(*opened("absolute"), 0, 5), "inner");
  EXPECT_EQ(read(*opened("directory/inner"), 0, 5), "inner");
  fs::create_symlink(root / "served-not", root / "served/beside");
  write("served-not", "secret");
  EXPECT_EQ(refusal("beside"), failure_code::invalid_name) << "its name begins alike";
}

TEST_F(DirectoryProvider, LooksItsDirectoriesUpAnew) {
  fs::create_directory(root / "one");
  fs::create_directory(root / "two");
  write("one/file", "first");
  write("two/file", "other");
  fs::create_directory_symlink("one", root / "current");
  auto made = directory_provider::make({{"lab", (root / "current").string()}});
  ASSERT_TRUE(made);
  provider = *made;
  const auto before = opened("file");
  fs::remove(root / "current");
  EXPECT_EQ(refusal("file"), failure_code::read_fault);
  fs::create_directory_symlink("two", root / "current");
  EXPECT_EQ(read(*opened("file"), 0, 5), "other");
  EXPECT_EQ(read(*before, 0, 5), "first") << "what is being sent stays as it is";
}

TEST_F(DirectoryProvider, DoesNotMindNewNamesRightsOrAttributes) {
  const auto file = opened("file");
  fs::rename(root / "served/file", root / "served/renamed");
  fs::create_hard_link(root / "served/renamed", root / "served/linked");
  ASSERT_EQ(::chmod((root / "served/renamed").c_str(), 0600), 0);
  const timespec read_just_now[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root / "served/renamed").c_str(), read_just_now, 0), 0);
  EXPECT_EQ(read(*file, 0, 10), "0123456789") << last_error.text;
}

TEST_F(DirectoryProvider, RefusesLinksThatLeadOutAndFollowsThoseThatStayInside) {
  proves("R-MOD-6");
  fs::create_symlink("../outside/secret", root / "served/relative");
  fs::create_symlink(root / "outside/secret", root / "served/absolute");
  fs::create_directory_symlink("../outside", root / "served/directory");
  fs::create_symlink("sub/inner", root / "served/good");
  fs::create_symlink("loop", root / "served/loop");
  EXPECT_EQ(refusal("relative"), failure_code::invalid_name);
  EXPECT_EQ(refusal("absolute"), failure_code::invalid_name);
  EXPECT_EQ(refusal("directory/secret"), failure_code::invalid_name);
  EXPECT_EQ(refusal("loop"), failure_code::invalid_name);
  EXPECT_EQ(read(*opened("good"), 0, 5), "inner");
}

TEST_F(DirectoryProvider, RefusesMalformedNames) {
  EXPECT_EQ(refusal(""), failure_code::invalid_name);
  EXPECT_EQ(refusal(std::string_view{"file\0x", 6}), failure_code::invalid_name);
  EXPECT_EQ(refusal(std::string(4097, 'a')), failure_code::invalid_name);
  EXPECT_EQ(refusal(std::string(300, 'a')), failure_code::invalid_name);
}

TEST_F(DirectoryProvider, SaysWhenThereIsNoSuchFile) {
  EXPECT_EQ(refusal("missing"), failure_code::object_not_found);
  EXPECT_NE(last_error.text.find("lab/missing"), std::string::npos) << last_error.text;
  EXPECT_EQ(refusal("file/below"), failure_code::object_not_found);
  EXPECT_EQ(refusal("sub"), failure_code::object_not_found);
  EXPECT_NE(last_error.text.find("is a directory"), std::string::npos) << last_error.text;
  EXPECT_EQ(refusal("."), failure_code::object_not_found);
  EXPECT_EQ(provider->open("nowhere", "file").error().code, failure_code::namespace_unknown);
}

std::string metadata_text(const content& of) {
  const auto bytes = of.metadata();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(DirectoryProvider, TakesMetadataFromTheFileBesideTheObject) {
  EXPECT_EQ(metadata_text(*opened("file")), "");
  const std::string text{"any\0bytes\xff", 10};
  write("served/file.fcmeta", text);
  write("served/sub/inner.fcmeta", "of inner");
  EXPECT_EQ(metadata_text(*opened("file")), text);
  EXPECT_EQ(metadata_text(*opened("sub\\inner")), "of inner");
  EXPECT_EQ(read(*opened("file.fcmeta"), 0, 3), "any") << "a file like any other";
}

TEST_F(DirectoryProvider, ObjectsWithOtherMetadataAreNotTheSame) {
  const auto before = opened("file");
  EXPECT_TRUE(before->same_as(*opened("file")));
  write("served/file.fcmeta", "one");
  const auto one = opened("file");
  EXPECT_FALSE(before->same_as(*one));
  write("served/file.fcmeta", "two");
  EXPECT_FALSE(one->same_as(*opened("file")));
}

TEST_F(DirectoryProvider, RefusesMetadataThatDoNotFit) {
  constexpr auto limit = fleetcast::protocol::wire::max_metadata_size;
  write("served/file.fcmeta", std::string(limit, 'm'));
  EXPECT_EQ(metadata_text(*opened("file")).size(), limit);
  write("served/file.fcmeta", std::string(limit + 1, 'm'));
  EXPECT_EQ(refusal("file"), failure_code::read_fault);
  EXPECT_NE(last_error.text.find("lab/file.fcmeta"), std::string::npos) << last_error.text;
  EXPECT_NE(last_error.text.find("32768"), std::string::npos) << last_error.text;
}

TEST_F(DirectoryProvider, RefusesMetadataThatAreNoFileOrLeadOut) {
  fs::create_symlink("../outside/secret", root / "served/file.fcmeta");
  EXPECT_EQ(refusal("file"), failure_code::invalid_name);
  fs::remove(root / "served/file.fcmeta");
  fs::create_directory(root / "served/file.fcmeta");
  EXPECT_EQ(refusal("file"), failure_code::access_denied);
  fs::remove(root / "served/file.fcmeta");
  ASSERT_EQ(::mkfifo((root / "served/file.fcmeta").c_str(), 0600), 0);
  EXPECT_EQ(refusal("file"), failure_code::access_denied);
}

TEST_F(DirectoryProvider, RefusesAFifoWithoutWaitingForAWriter) {
  ASSERT_EQ(::mkfifo((root / "served/fifo").c_str(), 0600), 0);
  auto answer = std::async(std::launch::async, [&] { return refusal("fifo"); });
  if (answer.wait_for(std::chrono::seconds{20}) != std::future_status::ready) {
    // Give it the writer it waits for, so that the test can end.
    ::close(::open((root / "served/fifo").c_str(), O_WRONLY | O_NONBLOCK));
    FAIL() << "opening a FIFO waits for a writer";
  }
  EXPECT_EQ(answer.get(), failure_code::access_denied);
}

TEST_F(DirectoryProvider, RefusesASocketFile) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto path = (root / "served/socket").string();
  ASSERT_LT(path.size(), sizeof name.sun_path);
  std::strcpy(name.sun_path, path.c_str());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(refusal("socket"), failure_code::access_denied);
  ::close(descriptor);
}

TEST_F(DirectoryProvider, RefusesWhatTheServerMayNotRead) {
  if (::geteuid() == 0)
    GTEST_SKIP() << "root may read everything";
  fs::create_directory(root / "served/closed");
  write("served/closed/file", "x");
  fs::permissions(root / "served/closed", fs::perms::none);
  EXPECT_EQ(refusal("closed/file"), failure_code::access_denied);
}

TEST_F(DirectoryProvider, ShowsNamesOfStrangersWithoutTheirControlCharacters) {
  EXPECT_EQ(refusal("a\x1b[2Jb\xff\xc3\xa9\xc2\x9b"), failure_code::object_not_found);
  EXPECT_NE(last_error.text.find("lab/a\\x1b[2Jb\\xff\xc3\xa9\\xc2\\x9b"), std::string::npos)
    << last_error.text;
  refusal(std::string(4000, 'a'));
  EXPECT_LT(last_error.text.size(), 400U);
}

TEST_F(DirectoryProvider, ReadsHolesAsZeros) {
  constexpr std::uint64_t size = std::uint64_t{5} << 30;
  fs::resize_file(root / "served/file", size);
  const auto sparse = opened("file");
  EXPECT_EQ(sparse->size(), size);
  EXPECT_EQ(read(*sparse, size - 3, 3), std::string(3, '\0'));
  EXPECT_EQ(read(*sparse, 8, 4), std::string("89\0\0", 4));
}

TEST_F(DirectoryProvider, NoticesThatAFileWasWrittenTo) {
  const auto file = opened("file");
  EXPECT_EQ(read(*file, 0, 5), "01234");
  write("served/file", "9876543210"); // same size
  // The clock of file times is coarse: make sure that it moved.
  const timespec later[2] = {{0, UTIME_OMIT}, {2'000'000'000, 1}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root / "served/file").c_str(), later, 0), 0);
  EXPECT_EQ(read(*file, 0, 5), "failed");
  EXPECT_EQ(last_error.code, failure_code::object_changed);
  EXPECT_NE(last_error.text.find("lab/file"), std::string::npos) << last_error.text;
}

TEST_F(DirectoryProvider, NoticesThatAFileShrankOrGrew) {
  const auto file = opened("file");
  fs::resize_file(root / "served/file", 4);
  EXPECT_EQ(read(*file, 0, 10), "failed");
  EXPECT_EQ(last_error.code, failure_code::object_changed);
  fs::resize_file(root / "served/file", 20);
  EXPECT_EQ(read(*file, 0, 2), "failed");
  EXPECT_EQ(last_error.code, failure_code::object_changed);
}

TEST_F(DirectoryProvider, KeepsAVersionWholeThatIsReplacedUnderItsName) {
  proves("R-CC-2");
  const auto before = opened("file");
  write("served/new", "a new version");
  fs::rename(root / "served/new", root / "served/file");
  EXPECT_EQ(read(*before, 0, 10), "0123456789") << last_error.text;
  EXPECT_EQ(opened("file")->size(), 13U);
  EXPECT_FALSE(before->same_as(*opened("file")));
}

TEST_F(DirectoryProvider, KnowsTheSameObjectAgain) {
  proves("R-CC-2");
  const auto one = opened("file");
  fs::create_symlink("file", root / "served/alias");
  EXPECT_TRUE(one->same_as(*opened("file")));
  EXPECT_TRUE(one->same_as(*opened("alias")));
  EXPECT_FALSE(one->same_as(*opened("sub/inner")));
  write("served/file", "longer than before");
  EXPECT_FALSE(one->same_as(*opened("file")));
}

TEST_F(DirectoryProvider, RefusesNamespacesThatCannotWork) {
  const auto missing = directory_provider::make({{"x", (root / "nowhere").string()}});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("nowhere"), std::string::npos);
  EXPECT_FALSE(directory_provider::make({{"x", (root / "served/file").string()}}));
  const auto twice
    = directory_provider::make({{"x", root.string()}, {"x", (root / "served").string()}});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().text.find("given twice"), std::string::npos);
}

TEST(NamespaceDirectory, IsReadFromNameAndDirectory) {
  EXPECT_EQ(namespace_directory::parse("lab=/srv/images"),
            (namespace_directory{"lab", "/srv/images"}));
  EXPECT_EQ(namespace_directory::parse("lab=a=b"), (namespace_directory{"lab", "a=b"}));
  for (const auto* bad : {"", "lab", "=dir", "lab=", "a/b=dir"}) {
    const auto parsed = namespace_directory::parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, failure_code::invalid_request);
  }
  EXPECT_FALSE(namespace_directory::parse(std::string(256, 'a') + "=dir"));
}

// -- versions -------------------------------------------------------------------------------------

timespec change_time_of(const fs::path& file) {
  struct stat info {};
  EXPECT_EQ(::stat(file.c_str(), &info), 0);
  return info.st_ctim;
}

TEST_F(DirectoryProvider, TellsVersionsApartWhoseSizesAndWriteTimesAreTheSame) {
  const auto path = root / "served/file";
  const auto before = opened("file");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  const auto is_same_step = [&] {
    const auto now = change_time_of(path);
    return now.tv_sec == info.st_ctim.tv_sec && now.tv_nsec == info.st_ctim.tv_nsec;
  };
  do { // until the clock of the file system has moved
    write("served/file", "9876543210");
    const timespec times[2]{{0, UTIME_OMIT}, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  } while (is_same_step());
  const auto after = opened("file");
  EXPECT_TRUE(after->same_as(*before)) << "by what everybody can set";
  ASSERT_TRUE(before->version());
  EXPECT_NE(after->version(), before->version());
  EXPECT_EQ(opened("file")->version(), after->version());
}

TEST_F(DirectoryProvider, TellsVersionsOfEqualFilesInTwoNamespacesApart) {
  const auto two
    = directory_provider::make({{"lab", (root / "served").string()}, {"all", root.string()}});
  ASSERT_TRUE(two);
  EXPECT_NE((*two)->open("lab", "file").value()->version(),
            (*two)->open("all", "served/file").value()->version());
}

/// What was changed a moment ago may be changed again, and nothing would show.
TEST_F(DirectoryProvider, DoesNotVouchForAFileThatWasJustChanged) {
  EXPECT_FALSE(opened("file")->is_settled());
}

TEST_F(DirectoryProvider, VouchesForAFileThatIsOldAndStaysAsItIs) {
  const auto there = directory_provider::make({{"bin", "/usr/bin"}});
  ASSERT_TRUE(there);
  EXPECT_TRUE((*there)->open("bin", "env").value()->is_settled());
}

TEST_F(DirectoryProvider, NeverVouchesAgainForAVersionThatIsGone) {
  const auto before = opened("file");
  const auto changed = change_time_of(root / "served/file");
  do
    ASSERT_EQ(::chmod((root / "served/file").c_str(), 0600), 0);
  while (change_time_of(root / "served/file").tv_nsec == changed.tv_nsec);
  const auto after = opened("file");
  while (!after->is_settled()) // for three seconds
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(before->is_settled());
}

} // namespace
} // namespace directory_provider_test
