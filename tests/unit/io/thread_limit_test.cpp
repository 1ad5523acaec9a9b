#include "actors/io/thread_limit.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace fleetcast::actors::io {
namespace thread_limit_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

thread_limits none_reached() {
  thread_limits result;
  result.user = 1000;
  result.of_user = {64, 63};
  result.of_group = {100, 99};
  result.group = "/user.slice";
  result.of_system = {5000, 4999};
  return result;
}

TEST(ThreadLimitText, NamesTheUsersLimitFirst) {
  auto limits = none_reached();
  limits.of_user->now = 64;
  limits.of_group->now = 100;
  EXPECT_THAT(explain(limits),
              AllOf(HasSubstr("the limit RLIMIT_NPROC is reached: user 1000 has 64 of 64 threads"),
                    HasSubstr("ulimit -u"), Not(HasSubstr("pids.max"))));
}

TEST(ThreadLimitText, NamesTheControlGroup) {
  auto limits = none_reached();
  limits.of_group->now = 100;
  EXPECT_THAT(
    explain(limits),
    AllOf(HasSubstr("the limit pids.max is reached: the control group /user.slice has 100 "
                    "of 100 threads"),
          HasSubstr("TasksMax="), Not(HasSubstr("RLIMIT_NPROC"))));
}

TEST(ThreadLimitText, NamesTheSystemsLimit) {
  auto limits = none_reached();
  limits.of_system->now = 5001;
  EXPECT_THAT(explain(limits),
              AllOf(HasSubstr("the limit threads-max is reached: this host has 5001 "
                              "of 5000 threads"),
                    HasSubstr("sysctl kernel.threads-max")));
}

TEST(ThreadLimitText, TellsAllOfThemWhenNoneIsReachedAnyMore) {
  EXPECT_THAT(explain(none_reached()),
              AllOf(HasSubstr("user 1000 has 63 of 64"), HasSubstr("/user.slice has 99 of 100"),
                    HasSubstr("host has 4999 of 5000"),
                    HasSubstr("RLIMIT_NPROC with `ulimit -u`")));
  EXPECT_THAT(explain({}), HasSubstr("try again"));
}

/// /proc and /sys/fs/cgroup as the test wants them, and a limit of this process that nothing reaches.
class ThreadLimits : public ::testing::Test {
protected:
  ThreadLimits() {
    getrlimit(RLIMIT_NPROC, &before_);
    rlimit mine = before_;
    mine.rlim_cur = mine.rlim_max == RLIM_INFINITY ? 30'000 : mine.rlim_max;
    setrlimit(RLIMIT_NPROC, &mine);
    limit_ = mine.rlim_cur;
  }

  ~ThreadLimits() override { setrlimit(RLIMIT_NPROC, &before_); }

  void write(const std::string& file, const std::string& text) {
    const auto path = directory_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }

  /// A process of that real user; the other ids are somebody else's.
  void add_process(const std::string& id, unsigned user, unsigned threads) {
    write("proc/" + id + "/status", "Name:\tx\nUid:\t" + std::to_string(user)
                                      + "\t4711\t4711\t4711\nThreads:\t" + std::to_string(threads)
                                      + "\nSigQ:\t0/1\n");
  }

  void add_group(const std::string& name, const std::string& most, const std::string& now) {
    write("cgroup" + name + "/pids.max", most + "\n");
    write("cgroup" + name + "/pids.current", now + "\n");
  }

  thread_limits read() const {
    return read_thread_limits(directory_.path() / "proc", directory_.path() / "cgroup");
  }

  rlim_t limit_ = 0;

private:
  actors::testing::temporary_directory directory_;
  rlimit before_{};
};

TEST_F(ThreadLimits, CountTheThreadsOfTheRealUser) {
  add_process("10", getuid(), 3);
  add_process("11", getuid(), 4);
  add_process("12", getuid() + 1, 100);
  write("proc/loadavg", "no process");
  write("proc/self/status", "Uid:\t0\nThreads:\t1000\n"); // is one of those above
  EXPECT_EQ(read().user, getuid());
  EXPECT_EQ(read().of_user, (thread_count{limit_, 7}));
}

TEST_F(ThreadLimits, FindTheGroupWithTheLeastRoomOnTheWayUp) {
  write("proc/self/cgroup", "0::/a.slice/b.scope\n");
  add_group("/a.slice/b.scope", "max", "5");
  add_group("/a.slice", "50", "49");
  add_group("", "100", "10");
  EXPECT_EQ(read().of_group, (thread_count{50, 49}));
  EXPECT_EQ(read().group, "/a.slice");
}

TEST_F(ThreadLimits, PreferTheControllerOfVersionOne) {
  write("proc/self/cgroup", "9:name=systemd:/a\n8:pids:/b\n0::/c\n");
  add_group("/c", "10", "1");
  add_group("/pids/b", "20", "2");
  EXPECT_EQ(read().of_group, (thread_count{20, 2}));
  EXPECT_EQ(read().group, "/b");
}

TEST_F(ThreadLimits, ReadTheSystems) {
  write("proc/sys/kernel/threads-max", "1234\n");
  write("proc/loadavg", "0.20 0.18 0.12 1/80 11206\n");
  EXPECT_EQ(read().of_system, (thread_count{1234, 80}));
}

TEST_F(ThreadLimits, AreNoneWhereNothingTellsOfThem) {
  EXPECT_EQ(read().of_group, std::nullopt);
  EXPECT_EQ(read().of_system, std::nullopt);
  EXPECT_EQ(read().of_user, (thread_count{limit_, 0}));
}

TEST_F(ThreadLimits, OfThisProcessAreNotReached) {
  const auto now = read_thread_limits();
  ASSERT_TRUE(now.of_user);
  EXPECT_GE(now.of_user->now, 1U);
  EXPECT_FALSE(now.of_user->is_reached());
}

TEST(ThreadRefusal, SaysForWhatAndIsKnownAgain) {
  const auto refusal = thread_refusal("the I/O");
  EXPECT_THAT(refusal.text, HasSubstr("cannot start a thread for the I/O: "));
  EXPECT_TRUE(is_thread_refusal(refusal));
  EXPECT_FALSE(is_thread_refusal({protocol::failure_code::internal, 0, "it crashed"}));
  EXPECT_FALSE(is_thread_refusal({protocol::failure_code::read_fault, EAGAIN, "again"}));
}

TEST(ThreadRefusal, IsABusyServerToItsClients) {
  const auto busy = as_busy("cannot send lab/image now");
  EXPECT_EQ(busy.code, protocol::failure_code::server_busy);
  EXPECT_THAT(busy.text,
              AllOf(HasSubstr("cannot send lab/image now"), HasSubstr("try again later")));
}

} // namespace
} // namespace thread_limit_test
} // namespace fleetcast::actors::io
