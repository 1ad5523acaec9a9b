#include "actors/kit/job_queue.hpp"

#include <caf/mailbox_element.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace fleetcast::actors {
namespace job_queue_test {
namespace {

/// Only a bug makes anyone wait so long.
constexpr std::chrono::seconds patience{30};

/// Nobody runs it: workers here only take jobs.
class idle_job final : public caf::resumable {
public:
  resume_result resume(caf::execution_unit*, std::size_t) override { return done; }
  subtype_t subtype() const override { return unspecified; }
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override {}
};

/// A queue with workers, which take its jobs and count them.
class JobQueue : public ::testing::Test {
protected:
  void TearDown() override {
    queue_.close();
    for (auto& each : workers_)
      each.join();
    queue_.drop_timeouts();
    while (queue_.take_left_over() != nullptr) {}
  }

  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      workers_.emplace_back([this] {
        while (queue_.wait() != nullptr)
          ++taken_;
      });
    all_rest_after(0);
  }

  /// Waits until somebody has woken up since there were `woken` wake-ups, unless that is 0, and all rest again.
  void all_rest_after(std::uint64_t woken) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto now = queue_.counted();
      if (now.resting == workers_.size() && (woken == 0 || now.woken >= woken))
        return;
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::yield();
    }
  }

  /// A timeout that this test does not live to see: it has nobody to tell.
  static job_queue::change timeout_in(std::chrono::minutes time) {
    return std::make_unique<timeout_schedule::actor_msg>(std::chrono::steady_clock::now() + time,
                                                         nullptr, nullptr);
  }

  job_queue queue_;
  std::vector<std::thread> workers_;
  std::atomic<int> taken_ = 0;
};

TEST_F(JobQueue, ATimeoutFromOutsideWakesOneWorker) {
  start(3);
  const auto before = queue_.counted().woken;
  queue_.change_timeouts(timeout_in(std::chrono::minutes(60)));
  all_rest_after(before + 1);
  EXPECT_EQ(queue_.counted().woken, before + 1);
}

TEST_F(JobQueue, ALaterTimeoutFromOutsideWakesNobody) {
  start(3);
  queue_.change_timeouts(timeout_in(std::chrono::minutes(60)));
  all_rest_after(1);
  const auto before = queue_.counted().woken;
  queue_.change_timeouts(timeout_in(std::chrono::minutes(120)));
  EXPECT_EQ(queue_.counted().woken, before);
}

TEST_F(JobQueue, ManyLaterTimeoutsDoNotPileUp) {
  start(1);
  queue_.change_timeouts(timeout_in(std::chrono::minutes(60)));
  all_rest_after(1);
  for (int i = 0; i < 64; ++i)
    queue_.change_timeouts(timeout_in(std::chrono::minutes(120)));
  all_rest_after(2);
}

TEST_F(JobQueue, AJobFromOutsideIsTaken) {
  start(2);
  idle_job job;
  queue_.add(&job);
  all_rest_after(1);
  EXPECT_EQ(taken_, 1);
}

TEST_F(JobQueue, WhatComesOnceItIsClosedIsLeftOver) {
  start(1);
  queue_.close();
  idle_job job;
  queue_.add(&job);
  queue_.change_timeouts(timeout_in(std::chrono::minutes(1)));
  EXPECT_EQ(queue_.take_left_over(), &job);
  EXPECT_EQ(queue_.take_left_over(), nullptr);
  EXPECT_EQ(queue_.wait(), nullptr);
}

} // namespace
} // namespace job_queue_test
} // namespace fleetcast::actors
