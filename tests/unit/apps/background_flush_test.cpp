#include "apps/common/background_flush.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <semaphore>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace fleetcast::apps {
namespace background_flush_test {
namespace {

constexpr std::uint64_t step = 100;

/// A flush that takes until the test lets it go.
struct held_flush {
  void operator()() {
    ++begun;
    has_begun.release();
    may_end.acquire();
    ++ended;
  }

  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::counting_semaphore<> has_begun{0};
  std::counting_semaphore<> may_end{0};
};

TEST(BackgroundFlush, FlushesAfterEachStepOnAThreadOfItsOwn) {
  std::counting_semaphore<> flushed{0};
  std::thread::id thread;
  background_flush flush{[&] {
                           thread = std::this_thread::get_id();
                           flushed.release();
                           return 0;
                         },
                         step};
  flush.written(step - 1);
  flush.written(1);
  flushed.acquire();
  EXPECT_NE(thread, std::this_thread::get_id());
  flush.written(step);
  flushed.acquire();
}

TEST(BackgroundFlush, LeavesLessThanAStepToTheEnd) {
  std::atomic<int> flushes{0};
  {
    background_flush flush{[&] { return ++flushes, 0; }, step};
    flush.written(step - 1);
  }
  EXPECT_EQ(flushes, 0);
}

TEST(BackgroundFlush, WhatIsWrittenDuringAFlushWaitsForNothingAndIsFlushedByOneMore) {
  held_flush held;
  {
    background_flush flush{[&] { return held(), 0; }, step};
    flush.written(step);
    held.has_begun.acquire();
    for (int i = 0; i < 5; ++i)
      flush.written(step); // returns though a flush is under way
    held.may_end.release(2);
    held.has_begun.acquire();
  }
  EXPECT_EQ(held.begun, 2);
}

TEST(BackgroundFlush, WithAnIntervalFlushesLessThanAStepOnceItIsThatOld) {
  constexpr std::chrono::milliseconds interval{1};
  std::counting_semaphore<> flushed{0};
  const auto begin = std::chrono::steady_clock::now();
  background_flush flush{[&] {
                           flushed.release();
                           return 0;
                         },
                         step, interval};
  flush.written(1);
  flushed.acquire();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, interval);
  flush.written(1); // and so on
  flushed.acquire();
}

TEST(BackgroundFlush, WithAnIntervalFlushesAStepAtOnce) {
  std::counting_semaphore<> flushed{0};
  background_flush flush{[&] {
                           flushed.release();
                           return 0;
                         },
                         step, std::chrono::hours{1}};
  flush.written(1);
  flush.written(step);
  flushed.acquire();
}

TEST(BackgroundFlush, ItsEndWaitsForTheFlushUnderWay) {
  held_flush held;
  {
    background_flush flush{[&] { return held(), 0; }, step};
    flush.written(step);
    held.has_begun.acquire();
    held.may_end.release();
  }
  EXPECT_EQ(held.ended, 1);
}

/// The disk says it once, to whoever asks first.
TEST(BackgroundFlush, KeepsTheFirstErrorUntilTheEnd) {
  std::counting_semaphore<> flushed{0};
  int calls = 0;
  background_flush flush{[&] {
                           const auto result = std::array{0, EIO, ENOSPC, 0}.at(calls++);
                           flushed.release();
                           return result;
                         },
                         step};
  for (int i = 0; i < 4; ++i) {
    flush.written(step);
    flushed.acquire();
  }
  EXPECT_EQ(flush.finish(), EIO);
}

TEST(BackgroundFlush, FinishesThoughNothingWasWritten) {
  background_flush flush{[] { return EIO; }, step};
  EXPECT_EQ(flush.finish(), 0);
}

/// Run as nobody, whose processes are counted; root's are not.
void write_without_a_thread() {
  if (geteuid() == 0 && setuid(65534) != 0)
    _exit(2);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_NPROC, &none);
  background_flush flush{[] { return EIO; }, step};
  flush.written(step);
  _exit(flush.finish() == 0 ? 0 : 1);
}

TEST(BackgroundFlush, LeavesAllToTheEndWhenNoThreadIsToBeHad) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(write_without_a_thread(), ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace background_flush_test
} // namespace fleetcast::apps
