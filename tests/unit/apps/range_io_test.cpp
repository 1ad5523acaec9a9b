#include "apps/common/range_io.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <span>
#include <string>

#include <fcntl.h>

namespace fleetcast::apps {
namespace range_io_test {
namespace {

class RangeIo : public testing::Test {
protected:
  descriptor open(int flags) const {
    return descriptor{::open((directory_.path() / "file").c_str(), flags | O_CLOEXEC, 0600)};
  }

  static std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span{text});
  }

  static std::span<std::byte> room(std::string& text) {
    return std::as_writable_bytes(std::span{text});
  }

  actors::testing::temporary_directory directory_;
};

TEST_F(RangeIo, ReadsWhatWasWrittenThere) {
  const auto file = open(O_RDWR | O_CREAT);
  EXPECT_FALSE(write_range(file, 3, bytes("abc")));
  std::string text(4, '?');
  EXPECT_FALSE(read_range(file, 2, room(text)));
  EXPECT_EQ(text, std::string("\0abc", 4));
}

TEST_F(RangeIo, TellsWhereTheFileEnds) {
  const auto file = open(O_RDWR | O_CREAT);
  ASSERT_FALSE(write_range(file, 0, bytes("abc")));
  std::string text(4, '?');
  const auto stop = read_range(file, 1, room(text));
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->offset, 3U);
  EXPECT_EQ(stop->error, 0);
}

TEST_F(RangeIo, TellsWhatTheSystemRefused) {
  ASSERT_TRUE(open(O_RDWR | O_CREAT));
  const auto refused = write_range(open(O_RDONLY), 5, bytes("abc"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->offset, 5U);
  EXPECT_EQ(refused->error, EBADF);
}

TEST_F(RangeIo, OfNothingIsDone) {
  EXPECT_FALSE(read_range(descriptor{}, 0, {}));
  EXPECT_FALSE(write_range(descriptor{}, 0, {}));
}

} // namespace
} // namespace range_io_test
} // namespace fleetcast::apps
