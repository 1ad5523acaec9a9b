#include "apps/common/background_flush.hpp"

#include <utility>

namespace fleetcast::apps {

background_flush::background_flush(std::function<void()> flush, std::uint64_t step)
  : flush_(std::move(flush)),
    step_(step) {}

background_flush::~background_flush() {
  if (!thread_.joinable())
    return;
  {
    const std::lock_guard guard{mutex_};
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
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
  if (!thread_.joinable())
    thread_ = std::thread{[this] { run(); }};
}

void background_flush::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return due_ || over_; });
    if (over_)
      return;
    due_ = false;
    lock.unlock();
    flush_();
    lock.lock();
  }
}

} // namespace fleetcast::apps
