#include "apps/common/background_flush.hpp"

#include <system_error>
#include <utility>

namespace fleetcast::apps {

background_flush::background_flush(std::function<int()> flush, std::uint64_t step)
  : flush_(std::move(flush)),
    step_(step) {}

background_flush::~background_flush() {
  static_cast<void>(finish());
}

int background_flush::finish() {
  {
    const std::lock_guard guard{mutex_};
    over_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable())
    thread_.join();
  return error_;
}

void background_flush::written(std::uint64_t bytes) {
  unflushed_ += bytes;
  if (unflushed_ < step_)
    return;
  unflushed_ = 0;
  {
    const std::lock_guard guard{mutex_};
    due_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable())
    return;
  try {
    thread_ = std::thread{[this] { run(); }};
  } catch (const std::system_error&) {
    // No more threads are to be had now; perhaps at the next step.
  }
}

void background_flush::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return due_ || over_; });
    if (over_)
      return;
    due_ = false;
    lock.unlock();
    const auto error = flush_();
    lock.lock();
    if (error_ == 0)
      error_ = error;
  }
}

} // namespace fleetcast::apps
