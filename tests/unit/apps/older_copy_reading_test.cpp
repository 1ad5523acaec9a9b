/// Reading from an older copy, and what is said when that fails. What a staged file takes from it: older_copy_test.cpp.
#include "apps/common/older_copy.hpp"
#include "apps/common/staged_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <tl/expected.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace fleetcast::apps {
namespace older_copy_reading_test {
namespace {

namespace fs = std::filesystem;

class OlderCopyReading : public testing::Test {
protected:
  std::string path() const { return (directory_.path() / "older").string(); }

  std::optional<older_copy> make(const std::string& text, int flags = O_RDONLY) const {
    std::ofstream{path()} << text;
    return older_copy::make(descriptor{::open(path().c_str(), flags | O_CLOEXEC)}, path());
  }

  static tl::expected<std::string, file_failure> read(const older_copy& copy, std::uint64_t offset,
                                                      std::size_t size) {
    std::string text(size, '?');
    if (auto done = copy.read(offset, std::as_writable_bytes(std::span{text})); !done)
      return tl::unexpected{std::move(done.error())};
    return text;
  }

  actors::testing::temporary_directory directory_;
};

TEST_F(OlderCopyReading, GivesAllThatItHas) {
  const auto copy = make("abcdef");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->size(), 6U);
  EXPECT_EQ(read(*copy, 2, 4).value(), "cdef");
}

TEST_F(OlderCopyReading, IsNoneWithoutARegularFileThatHasContents) {
  EXPECT_FALSE(make(""));
  EXPECT_FALSE(older_copy::make(descriptor{}, "missing"));
  EXPECT_FALSE(older_copy::make(descriptor{::open(directory_.path().c_str(), O_RDONLY | O_CLOEXEC)},
                                "directory"));
}

TEST_F(OlderCopyReading, SaysThatItWasCutShort) {
  const auto copy = make("abcdef");
  ASSERT_TRUE(copy);
  fs::resize_file(path(), 3);
  const auto cut = read(*copy, 2, 4);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().error, ENODATA);
  EXPECT_EQ(cut.error().text, "cannot read the older copy " + path()
                                + " at offset 3: it ends before that, and had 6 bytes when it was "
                                  "opened; the server sends what is missing");
}

TEST_F(OlderCopyReading, SaysWhatTheSystemRefused) {
  const auto copy = make("abcdef", O_WRONLY);
  ASSERT_TRUE(copy);
  const auto refused = read(*copy, 1, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, EBADF);
  EXPECT_EQ(refused.error().text, "cannot read the older copy " + path()
                                    + " at offset 1: " + std::system_category().message(EBADF)
                                    + "; the server sends what is missing");
}

TEST_F(OlderCopyReading, OfAStagedFileNamesTheOlderFileAndNotTheTarget) {
  const auto target = (directory_.path() / "image").string();
  auto file = staged_file::create(target);
  ASSERT_TRUE(file) << file.error().text;
  std::ofstream{path()} << "abcdef";
  ASSERT_EQ(file->reuse(descriptor{::open(path().c_str(), O_RDONLY | O_CLOEXEC)}, path()), 6U);
  std::string text(4, '?');
  const auto behind = file->read_held(6, std::as_writable_bytes(std::span{text}));
  ASSERT_FALSE(behind);
  EXPECT_NE(behind.error().text.find(path()), std::string::npos) << behind.error().text;
  EXPECT_EQ(behind.error().text.find(target), std::string::npos) << behind.error().text;
}

} // namespace
} // namespace older_copy_reading_test
} // namespace fleetcast::apps
