#include "apps/common/background_flush.hpp"

#include <system_error>
#include <utility>

namespace fleetcast::apps {

background_flush::background_flush(std::function<int()> flush, std::uint64_t step,
                                   duration interval)
  : flush_(std::move(flush)),
    step_(step),
    interval_(interval) {}

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
  {
    const std::lock_guard guard{mutex_};
    const auto is_first = unflushed_ == 0;
    if (is_first)
      unflushed_since_ = clock::now();
    unflushed_ += bytes;
    const auto is_awaited = interval_ > duration{} && is_first;
    if (unflushed_ < step_ && !is_awaited)
      return;
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
  while (await_due(lock)) {
    unflushed_ = 0;
    lock.unlock();
    const auto error = flush_();
    lock.lock();
    if (error_ == 0)
      error_ = error;
  }
}

/// False: it is over.
bool background_flush::await_due(std::unique_lock<std::mutex>& lock) {
  while (!over_ && !is_due(clock::now())) {
    if (interval_ > duration{} && unflushed_ > 0)
      changed_.wait_until(lock, unflushed_since_ + interval_);
    else
      changed_.wait(lock);
  }
  return !over_;
}

bool background_flush::is_due(clock::time_point now) const {
  return unflushed_ >= step_
         || (interval_ > duration{} && unflushed_ > 0 && now >= unflushed_since_ + interval_);
}

} // namespace fleetcast::apps
