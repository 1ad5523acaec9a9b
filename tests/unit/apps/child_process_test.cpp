#include "apps/fleetcast/bench/child_process.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <optional>

#include <poll.h>

namespace fleetcast::apps {
namespace child_process_test {
namespace {

using lines = std::vector<std::string>;

child_process shell(const std::string& script) {
  return child_process{{"/bin/sh", "-c", script}};
}

/// Reads until `count` lines are there, or its end.
void read_lines(child_process& child, std::size_t count) {
  while (child.talks() && child.lines().size() < count) {
    pollfd waiting{child.output(), POLLIN, 0};
    ASSERT_GT(::poll(&waiting, 1, 30'000), 0) << "it says nothing";
    child.read();
  }
}

void read_all(child_process& child) {
  read_lines(child, SIZE_MAX);
}

TEST(ChildProcess, TellsItsLinesAndHowItEnded) {
  auto child = shell("echo one; printf 'two\\nunfinished'; exit 3");
  read_all(child);
  EXPECT_EQ(child.lines(), (lines{"one", "two"}));
  const auto end = child.wait();
  EXPECT_EQ(end.code, 3);
  EXPECT_GT(end.peak_bytes, 0U);
}

TEST(ChildProcess, ASignalCountsFrom128) {
  auto child = shell("kill -TERM $$");
  EXPECT_EQ(child.wait().code, 128 + SIGTERM);
}

TEST(ChildProcess, EndsWhenAsked) {
  auto child = shell("echo here; exec sleep 600");
  read_lines(child, 1);
  child.terminate();
  EXPECT_EQ(child.wait().code, 128 + SIGTERM);
}

TEST(ChildProcess, EndsWhenAskedWhateverIsIgnoredHere) {
  const auto before = std::signal(SIGTERM, SIG_IGN);
  // A shell cannot take back what was ignored when it began.
  auto child = shell("kill -TERM $$");
  std::signal(SIGTERM, before);
  EXPECT_EQ(child.wait().code, 128 + SIGTERM);
}

TEST(ChildProcess, EndsWhenAskedWhateverIsBlockedHere) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &term, &before);
  auto child = shell("kill -TERM $$");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(child.wait().code, 128 + SIGTERM);
}

TEST(ChildProcess, AProgramThatIsNotThereEndsWith127) {
  child_process child{{"/nowhere/at/all"}};
  EXPECT_EQ(child.wait().code, 127);
}

TEST(ChildProcess, KeepsTheLastLinesOnly) {
  auto child = shell("i=0; while [ $i -lt 1500 ]; do echo $i; i=$((i+1)); done");
  read_all(child);
  ASSERT_EQ(child.lines().size(), child_process::most_lines);
  EXPECT_EQ(child.lines().back(), "1499");
  EXPECT_EQ(child.wait().code, 0);
}

TEST(ChildProcess, DoesNotOutliveItsObject) {
  pid_t pid = 0;
  {
    auto child = shell("echo $$; exec sleep 600");
    read_lines(child, 1);
    ASSERT_EQ(child.lines().size(), 1U);
    pid = std::stoi(child.lines().front());
    ASSERT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

} // namespace
} // namespace child_process_test
} // namespace fleetcast::apps
