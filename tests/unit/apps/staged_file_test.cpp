#include "apps/common/leftovers.hpp"
#include "apps/common/staged_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace fs = std::filesystem;

class StagedFile : public ::testing::Test {
protected:
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  static void put(const std::string& file, const std::string& text) { std::ofstream{file} << text; }

  static std::string text_of(const std::string& file) {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator{directory_})
      result.push_back(entry.path().filename());
    return result;
  }

  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
  }

  actors::testing::temporary_directory own_;
  fs::path directory_ = own_.path();
};

TEST_F(StagedFile, AppearsUnderItsNameOnlyWhenPublished) {
  auto target = path("disk.img");
  {
    auto file = staged_file::create(target);
    ASSERT_TRUE(file) << file.error().text;
    ASSERT_TRUE(file->size(8));
    ASSERT_TRUE(file->write(4, bytes("5678")));
    ASSERT_TRUE(file->write(0, bytes("1234")));
    EXPECT_FALSE(fs::exists(target));
    EXPECT_TRUE(fs::path{file->staged_path()}.filename().string().starts_with(".fleetcast-"));
    EXPECT_EQ(fs::path{file->staged_path()}.parent_path(), directory_);
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->publish());
  }
  EXPECT_EQ(text_of(target), "12345678");
  EXPECT_EQ(names(), std::vector<std::string>{"disk.img"});
}

TEST_F(StagedFile, IsRemovedUnlessPublished) {
  put(path("disk.img"), "old");
  {
    auto file = staged_file::create(path("disk.img"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(0, bytes("new")));
  }
  EXPECT_EQ(names(), std::vector<std::string>{"disk.img"});
  EXPECT_EQ(text_of(path("disk.img")), "old");
}

TEST_F(StagedFile, ReplacesAnExistingFileInOneStep) {
  put(path("disk.img"), "old and longer");
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->size(3));
  ASSERT_TRUE(file->write(0, bytes("new")));
  EXPECT_EQ(text_of(path("disk.img")), "old and longer");
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(text_of(path("disk.img")), "new");
}

TEST_F(StagedFile, RemovesWhatAKilledProcessLeftForTheSameNameOnly) {
  std::string left;
  {
    auto file = staged_file::create(path("disk.img"));
    ASSERT_TRUE(file);
    left = file->staged_path();
    fs::copy(left, path("saved"));
  }
  fs::rename(path("saved"), left); // nobody holds its lock
  auto alive = staged_file::create(path("other.img"));
  ASSERT_TRUE(alive);
  auto next = staged_file::create(path("disk.img"));
  ASSERT_TRUE(next);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(alive->staged_path()));
  auto beside = staged_file::create(path("disk.img"));
  ASSERT_TRUE(beside);
  EXPECT_TRUE(fs::exists(next->staged_path())) << "its process lives";
}

TEST_F(StagedFile, IsFoundInATreeOnceItsProcessWasKilled) {
  fs::create_directory(directory_ / "below");
  std::string left;
  {
    auto file = staged_file::create(path("below/disk.img"));
    ASSERT_TRUE(file);
    left = file->staged_path();
    fs::copy(left, path("saved"));
  }
  fs::rename(path("saved"), left);
  put(path("below/.fleetcast-notes"), "mine");
  put(path("below/.fleetcast-0123456X-abcdef"), "mine");
  auto alive = staged_file::create(path("below/other.img"));
  ASSERT_TRUE(alive);
  EXPECT_EQ(sweep_tree(directory_.string()), 1U);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(alive->staged_path()));
  EXPECT_TRUE(fs::exists(path("below/.fleetcast-notes")));
  EXPECT_TRUE(fs::exists(path("below/.fleetcast-0123456X-abcdef")));
}

TEST_F(StagedFile, HasAShortNameOfItsOwnWhateverTheTargetIsCalled) {
  const std::string longest(255, 'x');
  auto file = staged_file::create(path(longest));
  ASSERT_TRUE(file) << file.error().text;
  EXPECT_LT(fs::path{file->staged_path()}.filename().string().size(), 30U);
  ASSERT_TRUE(file->publish());
  EXPECT_TRUE(fs::exists(path(longest)));
}

TEST_F(StagedFile, IsNoLessPrivateThanWhatItReplaces) {
  put(path("secret"), "old");
  ASSERT_EQ(::chmod(path("secret").c_str(), 0600), 0);
  auto file = staged_file::create(path("secret"));
  ASSERT_TRUE(file);
  struct stat info {};
  ASSERT_EQ(::stat(file->staged_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U) << "what arrives lies open meanwhile";
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->publish());
  ASSERT_EQ(::stat(path("secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(StagedFile, CanBeRemovedWhenItsProcessIsKilledWhateverItReplaces) {
  for (const mode_t mode : {0444U, 0400U, 0200U, 0U}) {
    put(path("protected"), "old");
    ASSERT_EQ(::chmod(path("protected").c_str(), mode), 0);
    auto file = staged_file::create(path("protected"));
    ASSERT_TRUE(file);
    struct stat info {};
    ASSERT_EQ(::stat(file->staged_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, mode | 0600U) << "its owner cannot open it";
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->publish());
    ASSERT_EQ(::stat(path("protected").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, mode);
    fs::remove(path("protected"));
  }
}

TEST_F(StagedFile, IsRemovedOnceItsProcessWasKilledAlsoWhenItIsReadOnly) {
  std::string left;
  {
    auto file = staged_file::create(path("disk.img"));
    ASSERT_TRUE(file);
    left = file->staged_path();
  }
  put(left, "whole");
  ASSERT_EQ(::chmod(left.c_str(), 0444), 0);
  auto next = staged_file::create(path("disk.img"));
  ASSERT_TRUE(next);
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(StagedFile, SaysThatSomebodyRemovedIt) {
  put(path("disk.img"), "old");
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  fs::remove(file->staged_path());
  ASSERT_TRUE(file->sync());
  const auto published = file->publish();
  ASSERT_FALSE(published);
  EXPECT_NE(published.error().text.find("removed it"), std::string::npos) << published.error().text;
  EXPECT_EQ(text_of(path("disk.img")), "old");
}

TEST_F(StagedFile, IsNotPublishedIntoADirectoryThatWasMoved) {
  fs::create_directory(path("incoming"));
  auto file = staged_file::create(path("incoming/disk.img"));
  ASSERT_TRUE(file);
  fs::rename(path("incoming"), path("moved"));
  fs::create_directory(path("incoming"));
  ASSERT_TRUE(file->sync());
  const auto published = file->publish();
  ASSERT_FALSE(published);
  EXPECT_NE(published.error().text.find("moved or replaced"), std::string::npos)
    << published.error().text;
  file->discard();
  EXPECT_TRUE(fs::is_empty(path("moved")));
  EXPECT_TRUE(fs::is_empty(path("incoming")));
}

TEST_F(StagedFile, AsksForRoomUnlessHolesAreExpected) {
  constexpr std::uint64_t far_too_much = std::uint64_t{1} << 42U;
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  const auto sized = file->size(far_too_much);
  ASSERT_FALSE(sized);
  EXPECT_TRUE(sized.error().disk_full());
  file->expect_holes();
  EXPECT_TRUE(file->size(far_too_much));
}

TEST_F(StagedFile, AsAStreamIsCompleteOnceAllOfItLeft) {
  const descriptor out{::open(path("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  auto file = staged_file::create_stream(directory_.string(), out.get());
  ASSERT_TRUE(file) << file.error().text;
  ASSERT_TRUE(file->size(8));
  ASSERT_TRUE(file->write(4, bytes("5678")));
  EXPECT_EQ(text_of(path("out")), "");
  EXPECT_FALSE(file->publish()) << "half of it is not there";
  ASSERT_TRUE(file->write(0, bytes("1234")));
  ASSERT_TRUE(file->sync());
  EXPECT_TRUE(file->publish());
  EXPECT_EQ(text_of(path("out")), "12345678");
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(StagedFile, DiscardRemovesItAtOnce) {
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  file->discard();
  EXPECT_TRUE(names().empty());
}

TEST_F(StagedFile, BelongsToTheObjectThatItWasMovedTo) {
  const auto make = [this] {
    auto first = staged_file::create(path("disk.img"));
    return staged_file{std::move(first.value())};
  };
  {
    auto file = make();
    EXPECT_TRUE(fs::exists(file.staged_path())) << "it went with what was moved from";
    EXPECT_TRUE(file.write(0, bytes("new")));
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(StagedFile, SaysThatWhatWasWrittenIsNoLongerThere) {
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(0, bytes("12345678")));
  fs::resize_file(file->staged_path(), 3);
  std::string text(8, '?');
  const auto read = file->read(0, std::as_writable_bytes(std::span{text}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().error, EIO);
  EXPECT_NE(read.error().text.find("cut it short"), std::string::npos) << read.error().text;
  const auto held = file->read_held(0, std::as_writable_bytes(std::span{text}));
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().text.find("nothing of"), std::string::npos) << held.error().text;
}

TEST_F(StagedFile, LeavesZerosAsHoles) {
  constexpr std::uint64_t size = 64 << 20;
  auto file = staged_file::create(path("sparse.img"));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->size(size));
  std::vector<std::byte> zeros(1 << 20);
  for (std::uint64_t offset = 0; offset < size; offset += zeros.size())
    ASSERT_TRUE(file->write(offset, zeros));
  zeros.back() = std::byte{1};
  ASSERT_TRUE(file->write(size - zeros.size(), zeros));
  ASSERT_TRUE(file->publish());
  struct stat status {};
  ASSERT_EQ(::stat(path("sparse.img").c_str(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), size);
  EXPECT_LT(static_cast<std::uint64_t>(status.st_blocks) * 512, 8U << 20);
  EXPECT_EQ(text_of(path("sparse.img")).back(), '\1');
}

TEST_F(StagedFile, WritesBlocksThatFollowOneAnotherAndLeavesZerosAmongThemOut) {
  constexpr std::size_t block = 1 << 20;
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->size(7 * block));
  std::vector<std::byte> zeros(block);
  std::vector<std::byte> ones(block, std::byte{1});
  std::vector<std::byte> twos(block, std::byte{2});
  std::vector<iovec> blocks;
  for (auto* each : {&zeros, &ones, &twos, &zeros, &zeros, &ones})
    blocks.push_back({each->data(), block});
  ASSERT_TRUE(file->write(block, blocks));
  ASSERT_TRUE(file->publish());
  const auto text = text_of(path("disk.img"));
  ASSERT_EQ(text.size(), 7 * block);
  std::string first_bytes;
  for (std::size_t at = 0; at < text.size(); at += block) {
    first_bytes += static_cast<char>('0' + text[at]);
    EXPECT_EQ(text[at], text[at + block - 1]) << at;
  }
  EXPECT_EQ(first_bytes, "0012001");
  struct stat status {};
  ASSERT_EQ(::stat(path("disk.img").c_str(), &status), 0);
  EXPECT_LT(static_cast<std::uint64_t>(status.st_blocks) * 512, 4 * block);
}

TEST_F(StagedFile, GetsItsModeFromTheUmask) {
  auto before = umask(027);
  auto file = staged_file::create(path("disk.img"));
  umask(before);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->publish());
  struct stat status {};
  ASSERT_EQ(::stat(path("disk.img").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(StagedFile, TakesTheLongestName) {
  auto file = staged_file::create(path(std::string(255, 'n')));
  ASSERT_TRUE(file) << file.error().text;
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(names(), std::vector<std::string>{std::string(255, 'n')});
  auto too_long = staged_file::create(path(std::string(256, 'n')));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().error, ENAMETOOLONG);
}

TEST_F(StagedFile, SaysThatTheDirectoryIsMissing) {
  auto file = staged_file::create(path("missing/disk.img"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().error, ENOENT);
  EXPECT_NE(file.error().text.find("missing"), std::string::npos);
  EXPECT_NE(file.error().text.find("make the directory"), std::string::npos);
}

TEST_F(StagedFile, SaysThatTheDirectoryIsNotWritable) {
  if (geteuid() == 0)
    GTEST_SKIP() << "root may write everywhere";
  ASSERT_EQ(chmod(directory_.c_str(), 0500), 0);
  auto file = staged_file::create(path("disk.img"));
  chmod(directory_.c_str(), 0700);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().error, EACCES);
}

TEST_F(StagedFile, ReportsAWriteThatTheSystemRefuses) {
  // A limit on file sizes refuses like a full disk does, without one.
  auto file = staged_file::create(path("disk.img"));
  ASSERT_TRUE(file);
  auto before_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<std::byte> data(4096, std::byte{7});
  auto first = file->write(0, data);
  auto straddling = file->write(2048, data);
  auto sized = file->size(8192);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, before_handler);
  EXPECT_TRUE(first);
  ASSERT_FALSE(straddling); // the part that fitted is no success
  EXPECT_EQ(straddling.error().error, EFBIG);
  EXPECT_NE(straddling.error().text.find("disk.img"), std::string::npos);
  EXPECT_FALSE(sized);
}

TEST_F(StagedFile, CallsAFullDiskByItsName) {
  EXPECT_TRUE((file_failure{ENOSPC, ""}).disk_full());
  EXPECT_TRUE((file_failure{EDQUOT, ""}).disk_full());
  EXPECT_FALSE((file_failure{EIO, ""}).disk_full());
}

// -- resolve_target -----------------------------------------------------------------------------------

using ResolveTarget = StagedFile;

TEST_F(ResolveTarget, IsTheFileNamedOrTheBaseNameInTheDirectory) {
  EXPECT_EQ(resolve_target(path("copy"), "disk.img").value(), path("copy"));
  EXPECT_EQ(resolve_target(directory_.string(), "disk.img").value(), path("disk.img"));
  EXPECT_EQ(resolve_target(directory_.string() + "/", "disk.img").value(), path("disk.img"));
  EXPECT_EQ(resolve_target("", "disk.img").value(), "disk.img");
}

TEST_F(ResolveTarget, RefusesADirectoryThatIsMissing) {
  auto target = resolve_target(path("missing/"), "disk.img");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().error, ENOENT);
}

TEST_F(ResolveTarget, SaysWhyADestinationIsNoDirectory) {
  put(path("file"), "x");
  const auto below = resolve_target(path("file/missing/"), "disk.img");
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().error, ENOTDIR) << below.error().text;
  const auto file = resolve_target(path("file/"), "disk.img");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().text.find("is a file"), std::string::npos) << file.error().text;
  if (geteuid() == 0)
    GTEST_SKIP() << "root may search everywhere";
  fs::create_directories(path("closed/below"));
  ASSERT_EQ(::chmod(path("closed").c_str(), 0600), 0);
  const auto closed = resolve_target(path("closed/below/"), "disk.img");
  ASSERT_EQ(::chmod(path("closed").c_str(), 0700), 0);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().error, EACCES) << closed.error().text;
}

TEST_F(ResolveTarget, RefusesBaseNamesThatAreNoFileNames) {
  for (const auto* name : {"", ".", ".."})
    EXPECT_FALSE(resolve_target(directory_.string(), name)) << name;
  EXPECT_TRUE(resolve_target(path("copy"), ".."));
}

TEST_F(ResolveTarget, RefusesWhatIsNoRegularFile) {
  auto device = resolve_target("/dev/null", "disk.img");
  ASSERT_FALSE(device);
  EXPECT_NE(device.error().text.find("not a regular file"), std::string::npos);
  fs::create_directory(path("sub"));
  fs::create_directory(path("sub/disk.img"));
  EXPECT_FALSE(resolve_target(path("sub"), "disk.img"));
}

TEST_F(ResolveTarget, FollowsASymbolicLinkToWhatItPointsTo) {
  put(path("real"), "x");
  fs::create_symlink("real", path("link"));
  EXPECT_EQ(resolve_target(path("link"), "disk.img").value(), fs::canonical(path("real")));
  fs::create_symlink("nowhere", path("dangling"));
  const auto dangling = resolve_target(path("dangling"), "disk.img");
  ASSERT_FALSE(dangling);
  EXPECT_NE(dangling.error().text.find("nowhere, which does not exist"), std::string::npos)
    << dangling.error().text;
}

TEST_F(ResolveTarget, SendsAPipeOfProcToStandardOutput) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const descriptor reading{ends[0]};
  const descriptor writing{ends[1]};
  const auto refused = resolve_target("/proc/self/fd/" + std::to_string(ends[1]), "disk.img");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, EEXIST);
  EXPECT_NE(refused.error().text.find("standard output (-)"), std::string::npos)
    << refused.error().text;
}

/// A directory as /tmp is one, with links of another user in it. Takes root.
class SharedDirectory : public StagedFile {
protected:
  static constexpr uid_t stranger = 54321;

  void SetUp() override {
    if (::geteuid() != 0)
      GTEST_SKIP() << "takes root, to make links of another user";
    put(path("precious"), "mine");
    fs::create_directory(path("own"));
    ASSERT_EQ(::mkdir(shared().c_str(), 0777), 0);
    ASSERT_EQ(::chmod(shared().c_str(), 01777), 0);
  }

  std::string shared() const { return path("shared"); }

  void plant(const std::string& name, const std::string& to, uid_t owner) {
    fs::create_symlink(to, shared() + "/" + name);
    ASSERT_EQ(::lchown((shared() + "/" + name).c_str(), owner, owner), 0);
  }
};

TEST_F(SharedDirectory, FollowsNoLinkThatAStrangerPlanted) {
  plant("obj", path("precious"), stranger);
  plant("dir", path("own"), stranger);
  fs::create_directory_symlink("shared/dir", path("by-ours"));
  for (const auto& destination :
       {shared(), shared() + "/", shared() + "/obj", shared() + "/dir", shared() + "/dir/",
        shared() + "/dir/copy", path("by-ours"), path("by-ours/copy"), path("own/../shared/obj")}) {
    const auto refused = resolve_target(destination, "obj");
    ASSERT_FALSE(refused) << destination << " is " << *refused;
    EXPECT_EQ(refused.error().error, EACCES) << destination;
    EXPECT_NE(refused.error().text.find("belongs to user 54321"), std::string::npos);
  }
  EXPECT_EQ(resolve_target(shared(), "other").value(), shared() + "/other");
}

TEST_F(SharedDirectory, FollowsOurLinksAndThoseOfItsOwner) {
  plant("ours", path("precious"), ::geteuid());
  EXPECT_EQ(resolve_target(shared() + "/ours", "obj").value(), fs::canonical(path("precious")));
  ASSERT_EQ(::chown(shared().c_str(), stranger, stranger), 0);
  plant("owners", path("own"), stranger);
  EXPECT_EQ(resolve_target(shared() + "/owners", "obj").value(), shared() + "/owners/obj");
}

TEST_F(SharedDirectory, IsOneOnlyWhereEverybodyCanWriteAndNobodyCanReplace) {
  plant("obj", path("precious"), stranger);
  ASSERT_EQ(::chmod(shared().c_str(), 0777), 0);
  EXPECT_TRUE(resolve_target(shared(), "obj")) << "as the kernel has it";
  ASSERT_EQ(::chmod(shared().c_str(), 01775), 0);
  EXPECT_TRUE(resolve_target(shared(), "obj"));
}

TEST_F(ResolveTarget, EndsWhereLinksGoRound) {
  fs::create_symlink("b", path("a"));
  fs::create_symlink("a", path("b"));
  const auto refused = resolve_target(path("a"), "obj");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, ELOOP);
  EXPECT_NE(refused.error().text.find("Too many levels"), std::string::npos)
    << refused.error().text;
}

} // namespace fleetcast::apps
