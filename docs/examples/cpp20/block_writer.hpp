// Writes blocks to a file on a thread of its own, so that the disk never holds up the callbacks.
#pragma once

#include "fleetcast.hpp"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <unistd.h>

class block_writer {
public:
  /// `done(size, offset, error)` is called on the writer's thread for each block, with the errno of
  /// the failed write or 0.
  using report = std::function<void(std::uint32_t size, std::uint64_t offset, int error)>;

  block_writer(int file, report done) : file_(file), done_(std::move(done)) {
    thread_ = std::thread{[this] { run(); }};
  }
  ~block_writer() { finish(); }

  block_writer(const block_writer&) = delete;
  block_writer& operator=(const block_writer&) = delete;

  /// Never waits. The queue is bounded all the same: what is in it counts against the session's cache
  /// until it is completed.
  void write(fleetcast::kept_block block) {
    {
      std::lock_guard guard{mutex_};
      queue_.push_back(std::move(block));
    }
    changed_.notify_one();
  }

  /// Returns when everything was written.
  void finish() {
    {
      std::lock_guard guard{mutex_};
      finishing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable())
      thread_.join();
  }

private:
  std::optional<fleetcast::kept_block> next() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return finishing_ || !queue_.empty(); });
    if (queue_.empty())
      return std::nullopt;
    std::optional<fleetcast::kept_block> block{std::move(queue_.front())};
    queue_.pop_front();
    return block;
  }

  void run() {
    while (auto block = next())
      done_(block->size(), block->offset(), write_out(*block));
  }

  int write_out(const fleetcast::kept_block& block) const {
    for (std::size_t written = 0; written < block.size();) {
      auto result = ::pwrite(file_, block.bytes() + written, block.size() - written,
                             static_cast<off_t>(block.offset() + written));
      if (result < 0 && errno == EINTR)
        continue;
      if (result <= 0)
        return result < 0 ? errno : EIO;
      written += static_cast<std::size_t>(result);
    }
    return 0;
  }

  const int file_;
  const report done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<fleetcast::kept_block> queue_;
  bool finishing_ = false;
  std::thread thread_;
};
