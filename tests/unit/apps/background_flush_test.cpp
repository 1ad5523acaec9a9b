#include "apps/common/background_flush.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

namespace fleetcast::apps {
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
    background_flush flush{[&] { ++flushes; }, step};
    flush.written(step - 1);
  }
  EXPECT_EQ(flushes, 0);
}

TEST(BackgroundFlush, WhatIsWrittenDuringAFlushWaitsForNothingAndIsFlushedByOneMore) {
  held_flush held;
  {
    background_flush flush{[&] { held(); }, step};
    flush.written(step);
    held.has_begun.acquire();
    for (int i = 0; i < 5; ++i)
      flush.written(step); // returns though a flush is under way
    held.may_end.release(2);
    held.has_begun.acquire();
  }
  EXPECT_EQ(held.begun, 2);
}

TEST(BackgroundFlush, ItsEndWaitsForTheFlushUnderWay) {
  held_flush held;
  {
    background_flush flush{[&] { held(); }, step};
    flush.written(step);
    held.has_begun.acquire();
    held.may_end.release();
  }
  EXPECT_EQ(held.ended, 1);
}

} // namespace
} // namespace fleetcast::apps
