#include "apps/fleetcast/agent/agent_files.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

namespace fleetcast::apps {
namespace agent_files_test {
namespace {

namespace fs = std::filesystem;

using protocol::failure_code;

class AgentFiles : public ::testing::Test {
protected:
  AgentFiles() {
    fs::create_directories(allowed() / "in" / "deep");
    fs::create_directories(outside());
  }

  fs::path allowed() const { return directory.path() / "allowed"; }
  fs::path outside() const { return directory.path() / "outside"; }

  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
  }

  static std::string text_of(const fs::path& file) {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  std::shared_ptr<agent_files> files(const std::string& verifier = "") {
    auto made = agent_files::make(allowed().string(), verifier);
    if (!made)
      throw std::runtime_error{made.error().text};
    return *made;
  }

  static actors::fleet::target_request wanted(const std::string& destination,
                                              const std::string& base_name) {
    return {destination, base_name, "server", "lab", base_name};
  }

  /// Writes "new" there; why it was refused, if it was.
  protocol::failure put(const std::string& destination) {
    const auto all = files();
    auto file = all->open(wanted(destination, "disk.img"));
    if (!file)
      return file.error();
    EXPECT_TRUE((*file)->size(3, block));
    EXPECT_TRUE((*file)->write(0, bytes("new")));
    EXPECT_TRUE((*file)->sync());
    EXPECT_TRUE((*file)->verify());
    EXPECT_TRUE((*file)->publish());
    return {};
  }

  static constexpr std::uint32_t block = 1024;

  actors::testing::temporary_directory directory;
};

TEST_F(AgentFiles, GoWhereTheyShallBelowTheDirectory) {
  EXPECT_FALSE(put("a.img"));
  EXPECT_FALSE(put("in/b.img"));
  EXPECT_FALSE(put((allowed() / "in/c.img").string()));
  EXPECT_FALSE(put("in/deep/"));
  EXPECT_FALSE(put("in"));
  EXPECT_FALSE(put("in/../d.img"));
  for (const auto* name :
       {"a.img", "in/b.img", "in/c.img", "in/deep/disk.img", "in/disk.img", "d.img"})
    EXPECT_EQ(text_of(allowed() / name), "new") << name;
}

TEST_F(AgentFiles, SayBeforeTheyAreStagedThatTheNameIsTakenMeanwhile) {
  const auto all = files();
  const auto file = all->open(wanted("a.img", "disk.img"));
  ASSERT_TRUE(file) << file.error().text;
  ASSERT_TRUE((*file)->size(3, block));
  ASSERT_TRUE((*file)->write(0, bytes("new")));
  fs::create_directory(allowed() / "a.img");
  const auto staged = (*file)->sync();
  ASSERT_FALSE(staged);
  EXPECT_NE(staged.error().text.find("a.img"), std::string::npos) << staged.error().text;
}

TEST_F(AgentFiles, NeverLieOutsideOfTheDirectory) {
  for (const auto& destination :
       {outside().string() + "/x", std::string{"/etc/x"}, std::string{"../outside/x"},
        std::string{"in/../../outside/x"}, allowed().string() + "-not/x",
        (allowed() / "../outside/x").string(), std::string{".."}, std::string{"../"}}) {
    EXPECT_EQ(put(destination).code, failure_code::access_denied) << destination;
  }
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(AgentFiles, DoNotFollowALinkOutOfTheDirectory) {
  fs::create_symlink(outside(), allowed() / "absolute");
  fs::create_symlink("../outside", allowed() / "relative");
  fs::create_symlink("absolute", allowed() / "twice");
  std::ofstream{outside() / "file"} << "old";
  fs::create_symlink(outside() / "file", allowed() / "to-file");
  fs::create_symlink("nowhere", allowed() / "dangling");
  for (const auto* destination :
       {"absolute/x", "absolute/", "absolute", "relative/x", "twice/x", "to-file", "dangling"})
    EXPECT_EQ(put(destination).code, failure_code::access_denied) << destination;
  EXPECT_EQ(text_of(outside() / "file"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator{outside()}, {}), 1);
}

TEST_F(AgentFiles, MayLieBehindALinkThatStaysInside) {
  fs::create_symlink("in/deep", allowed() / "short");
  EXPECT_FALSE(put("short/x"));
  EXPECT_EQ(text_of(allowed() / "in/deep/x"), "new");
}

TEST_F(AgentFiles, StayInTheDirectoryWhenItIsExchangedForALink) {
  const auto all = files();
  fs::rename(allowed(), directory.path() / "moved");
  fs::create_symlink(outside(), allowed());
  auto file = all->open(wanted("x", "disk.img"));
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->publish());
  EXPECT_TRUE(fs::exists(directory.path() / "moved" / "x"));
  EXPECT_TRUE(fs::is_empty(outside()));
}

TEST_F(AgentFiles, ReplaceFilesAndNothingElse) {
  std::ofstream{allowed() / "a.img"} << "old";
  EXPECT_FALSE(put("a.img"));
  EXPECT_EQ(text_of(allowed() / "a.img"), "new");
  ::mkfifo((allowed() / "pipe").c_str(), 0600);
  EXPECT_TRUE(put("pipe"));
  EXPECT_TRUE(put("not-there/x"));
  EXPECT_TRUE(put("not-there/"));
}

TEST_F(AgentFiles, LeaveNothingWhenTheyAreNotPublished) {
  { auto file = files()->open(wanted("a.img", "disk.img")); }
  EXPECT_FALSE(fs::exists(allowed() / "a.img"));
  EXPECT_EQ(std::distance(fs::directory_iterator{allowed()}, {}), 1) << "only `in`";
}

TEST_F(AgentFiles, GoOnWithWhatAnEarlierOneLeft) {
  const std::string first(block, 'a');
  {
    const auto file = files()->open(wanted("a.img", "disk.img"));
    ASSERT_TRUE((*file)->size(2 * std::uint64_t{block}, block));
    EXPECT_TRUE((*file)->held().empty());
    ASSERT_TRUE((*file)->write(0, bytes(first)));
  }
  const auto file = files()->open(wanted("a.img", "disk.img"));
  const auto held = (*file)->held();
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held.front().first, 0U);
  EXPECT_EQ(held.front().size, block);
  ASSERT_TRUE((*file)->size(2 * std::uint64_t{block}, block));
  std::string there(block, '?');
  ASSERT_TRUE((*file)->read_held(0, std::as_writable_bytes(std::span{there})));
  EXPECT_EQ(there, first);
  (*file)->proven(0, block);
  ASSERT_TRUE((*file)->write(block, bytes(std::string(block, 'b'))));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(text_of(allowed() / "a.img"), first + std::string(block, 'b'));
  EXPECT_EQ(std::distance(fs::directory_iterator{allowed()}, {}), 2) << "`in` and the file";
}

TEST_F(AgentFiles, LeaveNothingWhenTheyAreDiscarded) {
  {
    const auto file = files()->open(wanted("a.img", "disk.img"));
    ASSERT_TRUE((*file)->size(block, block));
    ASSERT_TRUE((*file)->write(0, bytes(std::string(block, 'a'))));
    ASSERT_TRUE((*file)->sync());
    (*file)->discard();
  }
  EXPECT_EQ(std::distance(fs::directory_iterator{allowed()}, {}), 1) << "only `in`";
}

TEST_F(AgentFiles, TakeNoObjectNameThatIsNoFileName) {
  for (const auto* name : {"", ".", "..", "a/b"})
    EXPECT_FALSE(files()->open(wanted("in/", name))) << name;
}

TEST_F(AgentFiles, AskTheHostsOwnProgram) {
  const auto good = files("/bin/true");
  const auto bad = files("/bin/false");
  const auto missing = files("/no/such/program");
  EXPECT_TRUE((*good->open(wanted("a", "x")))->verify());
  const auto refused = (*bad->open(wanted("a", "x")))->verify();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::content_corrupt);
  EXPECT_NE(refused.error().text.find("/bin/false ended with 1"), std::string::npos);
  EXPECT_FALSE((*missing->open(wanted("a", "x")))->verify());
}

TEST_F(AgentFiles, ShowTheProgramTheWholeStagedFile) {
  const auto script = directory.path() / "script";
  std::ofstream{script} << "#!/bin/sh\ngrep -q whole \"$1\"\n";
  ::chmod(script.c_str(), 0700);
  const auto all = files(script.string());
  auto file = all->open(wanted("in/a", "x"));
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->verify());
  ASSERT_TRUE((*file)->write(0, bytes("whole")));
  EXPECT_TRUE((*file)->verify());
  auto in_directory = all->open(wanted("in", "in"));
  ASSERT_TRUE(in_directory);
  ASSERT_TRUE((*in_directory)->write(0, bytes("whole")));
  EXPECT_TRUE((*in_directory)->verify());
}

TEST_F(AgentFiles, NeedTheirDirectory) {
  const auto made = agent_files::make((directory.path() / "missing").string(), "");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("--allow-dir"), std::string::npos);
}

} // namespace
} // namespace agent_files_test
} // namespace fleetcast::apps
