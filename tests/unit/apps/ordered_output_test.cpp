#include "apps/common/ordered_output.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace ordered_output_test {
namespace {

class OrderedOutput : public ::testing::Test {
protected:
  OrderedOutput() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = descriptor{ends[0]};
    writer_ = descriptor{ends[1]};
    file_ = descriptor{::open(own_.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    EXPECT_EQ(::pwrite(file_.get(), text_.data(), text_.size(), 0),
              static_cast<ssize_t>(text_.size()));
  }

  /// What has left so far.
  std::string read_out() {
    std::array<char, 256> bytes{};
    const auto got = ::read(reader_.get(), bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  const std::string text_ = "abcdefghij";
  actors::testing::temporary_directory own_;
  descriptor reader_;
  descriptor writer_;
  descriptor file_;
};

TEST_F(OrderedOutput, KeepsWhatComesEarlyUntilItsTurn) {
  ordered_output out{writer_.get()};
  ASSERT_TRUE(out.advance(file_, 4, 2));
  ASSERT_TRUE(out.advance(file_, 8, 2));
  EXPECT_EQ(read_out(), "");
  ASSERT_TRUE(out.advance(file_, 0, 4));
  EXPECT_EQ(read_out(), "abcdef");
  EXPECT_EQ(out.written(), 6U);
  ASSERT_TRUE(out.advance(file_, 6, 2));
  EXPECT_EQ(read_out(), "ghij");
  EXPECT_EQ(out.written(), 10U);
}

TEST_F(OrderedOutput, SaysThatItsReaderHasGone) {
  std::signal(SIGPIPE, SIG_IGN);
  ordered_output out{writer_.get()};
  reader_ = descriptor{};
  const auto done = out.advance(file_, 0, 4);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().error, EPIPE);
  EXPECT_NE(done.error().text.find("standard output"), std::string::npos) << done.error().text;
}

TEST_F(OrderedOutput, SaysThatItsFileIsTooShort) {
  ordered_output out{writer_.get()};
  EXPECT_FALSE(out.advance(file_, 0, 100));
}

} // namespace
} // namespace ordered_output_test
} // namespace fleetcast::apps
