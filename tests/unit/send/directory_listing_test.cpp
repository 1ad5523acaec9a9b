#include "actors/serve/directory_listing.hpp"
#include "protocol/wire/control_messages.hpp"
#include "tests/unit/send/served_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace directory_listing_test {
namespace {

using fleetcast::protocol::failure;
using fleetcast::protocol::failure_code;
using fleetcast::protocol::wire::listed;
using fleetcast::protocol::wire::listed_kind;
using fleetcast::protocol::wire::listing;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class DirectoryListing : public fleetcast::actors::testing::served_directory {
protected:
  /// All pages, each looked over.
  std::vector<listed> all(std::string_view prefix = {}) {
    std::vector<listed> result;
    pages = 0;
    std::string cursor;
    do {
      const auto page = provider->list("lab", prefix, cursor);
      if (!page)
        throw std::runtime_error{page.error().text};
      ++pages;
      EXPECT_LE(page->entries.size(), fleetcast::protocol::wire::max_listed);
      result.insert(result.end(), page->entries.begin(), page->entries.end());
      cursor = page->next;
    } while (!cursor.empty());
    return result;
  }

  /// With a slash behind directories.
  std::vector<std::string> names(std::string_view prefix = {}) {
    std::vector<std::string> result;
    for (const auto& one : all(prefix))
      result.push_back(one.name + (one.kind == listed_kind::directory ? "/" : ""));
    return result;
  }

  /// Also checks that the text tells the client nothing of the server's directories.
  failure_code refusal(std::string_view prefix, std::string_view cursor = {}) {
    const auto result = provider->list("lab", prefix, cursor);
    if (result)
      return failure_code::none;
    EXPECT_EQ(result.error().text.find(root.filename().string()), std::string::npos)
      << result.error().text;
    return result.error().code;
  }

  std::size_t pages = 0;
};

TEST_F(DirectoryListing, HasFilesWithSizeAndTimeAndDirectories) {
  const timespec times[] = {{1'000'000'000, 0}, {1'764'500'001, 999'999'999}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root / "served/file").c_str(), times, 0), 0);
  auto found = all();
  std::sort(found.begin(), found.end(),
            [](const listed& a, const listed& b) { return a.name < b.name; });
  EXPECT_EQ(found, (std::vector<listed>{{"file", listed_kind::object, 10, 1'764'500'001},
                                        {"sub", listed_kind::directory}}));
}

TEST_F(DirectoryListing, APrefixIsADirectoryAndABeginning) {
  write("served/film", "");
  write("served/sub/other", "");
  EXPECT_THAT(names("fil"), UnorderedElementsAre("file", "film"));
  EXPECT_THAT(names("sub"), UnorderedElementsAre("sub/"));
  EXPECT_THAT(names("sub/"), UnorderedElementsAre("inner", "other"));
  EXPECT_THAT(names("sub/in"), UnorderedElementsAre("inner"));
  EXPECT_THAT(names("//sub\\in"), UnorderedElementsAre("inner")) << "as a request's name is read";
  EXPECT_EQ(refusal("sub/inner/"), failure_code::object_not_found) << "of a file";
}

TEST_F(DirectoryListing, DoesNotLeaveItsNamespace) {
  EXPECT_EQ(refusal("../outside/"), failure_code::invalid_name);
  EXPECT_EQ(refusal("sub/../../outside/"), failure_code::invalid_name);
  EXPECT_EQ(refusal("/etc/"), failure_code::object_not_found);
  EXPECT_EQ(refusal("none/"), failure_code::object_not_found);
  fs::create_directory_symlink(root / "outside", root / "served/away");
  EXPECT_EQ(refusal("away/"), failure_code::invalid_name);
  EXPECT_EQ(refusal("away/none/"), failure_code::invalid_name);
  EXPECT_THAT(names(".."), ::testing::IsEmpty());
}

/// What `open` refuses is not listed, and what it follows is.
TEST_F(DirectoryListing, ListsWhatARequestWouldGet) {
  fs::create_symlink(root / "outside/secret", root / "served/out");
  fs::create_directory_symlink(root / "outside", root / "served/away");
  fs::create_symlink("nowhere", root / "served/dangling");
  fs::create_symlink("round", root / "served/round");
  fs::create_symlink(root / "served/sub/inner", root / "served/absolute");
  fs::create_symlink("sub/inner", root / "served/relative");
  fs::create_directory_symlink("sub", root / "served/directory");
  fs::create_symlink("../file", root / "served/sub/up");
  ASSERT_EQ(::mkfifo((root / "served/fifo").c_str(), 0600), 0);
  write("served/.hidden", "");
  write("served/back\\slash", "");
  EXPECT_THAT(
    names(), UnorderedElementsAre("file", "sub/", "absolute", "relative", "directory/", ".hidden"));
  EXPECT_THAT(names("sub/"), UnorderedElementsAre("inner", "up"));
  for (const auto& one : all()) {
    const bool can_be_had = one.kind != listed_kind::object || provider->open("lab", one.name);
    EXPECT_TRUE(can_be_had) << one.name;
  }
}

TEST_F(DirectoryListing, LeavesOutWhatTheServerMayNotRead) {
  if (::geteuid() == 0)
    GTEST_SKIP() << "root may read everything";
  fs::permissions(root / "served/file", fs::perms::none);
  EXPECT_THAT(names(), UnorderedElementsAre("sub/"));
}

TEST_F(DirectoryListing, GivesLargeDirectoriesPageByPage) {
  std::set<std::string> expected{"file", "sub/"};
  for (int i = 0; i < 1'500; ++i) {
    const auto name = "n" + std::string(static_cast<std::size_t>(i) % 200, 'x') + std::to_string(i);
    write("served/" + name, "");
    expected.insert(name);
  }
  const auto found = names();
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), expected);
  EXPECT_EQ(found.size(), expected.size()) << "a name came twice";
  EXPECT_GE(pages, 3U);
}

/// However few of its names are asked for.
TEST_F(DirectoryListing, APagePassesOverABoundedNumberOfNames) {
  fs::create_directories(root / "served/many");
  constexpr auto count = fleetcast::actors::max_looks + 500;
  for (std::size_t i = 0; i < count; ++i)
    fs::create_symlink("nowhere", root / "served/many" / std::to_string(i));
  const auto first = provider->list("lab", "many/", {});
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_FALSE(first->next.empty()) << "all of it was looked at at once";
  EXPECT_THAT(names("many/"), ::testing::IsEmpty());
  EXPECT_EQ(pages, 2U);
}

TEST_F(DirectoryListing, TakesNoCursorThatIsNone) {
  EXPECT_EQ(refusal("", "x"), failure_code::invalid_request);
  EXPECT_EQ(refusal("", std::string(8, '\xff')), failure_code::invalid_request);
  EXPECT_EQ(refusal(std::string_view{"a\0b/", 4}), failure_code::invalid_request);
}

TEST_F(DirectoryListing, NobodyListsAnUnknownNamespace) {
  const auto result = provider->list("other", {}, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, failure_code::namespace_unknown);
  ASSERT_EQ(provider->namespaces().size(), 1U);
  EXPECT_EQ(provider->namespaces()[0].name, "lab");
  EXPECT_TRUE(provider->namespaces()[0].is_listable);
}

} // namespace
} // namespace directory_listing_test
