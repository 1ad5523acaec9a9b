/// Nobody reads any more what a program says: its reader has gone, or the disk of its log is full.
#include "apps/common/say.hpp"
#include "apps/common/terminal_line.hpp"
#include "apps/wdsmcast/report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace say_test {
namespace {

struct closer {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using stream = std::unique_ptr<std::FILE, closer>;

/// The writing end of a pipe whose reader has gone.
stream unread() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  return stream{::fdopen(ends[1], "w")};
}

class Say : public ::testing::Test {
protected:
  Say() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  ~Say() override { std::signal(SIGPIPE, before_); }

private:
  void (*before_)(int) = std::signal(SIGPIPE, SIG_IGN);
};

TEST_F(Say, IsReadAtOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const stream to{::fdopen(ends[1], "w")};
  say(to.get(), "{} of {}\n", 1, "two");
  std::array<char, 64> buffer{};
  const auto size = ::read(ends[0], buffer.data(), buffer.size());
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))),
            "1 of two\n");
  ::close(ends[0]);
}

TEST_F(Say, IsNoFailureWhenNobodyReads) {
  const auto to = unread();
  EXPECT_NO_THROW(say(to.get(), "{}\n", std::string(100'000, 'x')));
  EXPECT_NO_THROW(say(to.get(), "again\n"));
  const stream full{std::fopen("/dev/full", "we")};
  ASSERT_TRUE(full);
  EXPECT_NO_THROW(say(full.get(), "{}\n", std::string(100'000, 'x')));
}

TEST_F(Say, ABarIsNoFailureWhenNobodyReads) {
  const auto to = unread();
  std::setvbuf(to.get(), nullptr, _IONBF, 0); // as standard error is
  terminal_line line{to.get()};
  EXPECT_NO_THROW(line.draw("50 %"));
  EXPECT_NO_THROW(line.clear());
}

TEST_F(Say, WdsmcastGoesOnWhenNobodyReads) {
  const auto say_all = [] {
    const auto to = unread();
    ::dup2(::fileno(to.get()), STDOUT_FILENO);
    ::dup2(::fileno(to.get()), STDERR_FILENO);
    wdsmcast_report report{true, true, std::nullopt};
    report.detail("a detail");
    report.note("a note");
    report.progress({});
    report.success("stored");
    report.failure(ERROR_CANCELLED, "failed");
  };
  EXPECT_EXIT(
    {
      say_all();
      std::_Exit(0);
    },
    ::testing::ExitedWithCode(0), "");
}

TEST_F(Say, AFileNeverTakesTheNumberOfAStandardStream) {
  const auto next_number = [] {
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::close(number);
    keep_standard_streams();
    say(stdout, "nobody reads\n");
    return ::open("/dev/null", O_RDONLY);
  };
  EXPECT_EXIT(std::_Exit(next_number() > STDERR_FILENO ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace say_test
} // namespace fleetcast::apps
