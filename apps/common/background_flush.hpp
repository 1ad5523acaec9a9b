/// Brings a file to stable storage while it is still being written.
///
/// What has left the page cache, or never was there, still waits in the cache of the disk, and the file system's
/// journal grows with the file. Left to the end all that comes at once, and whoever waits for the last byte to
/// be safe waits for all of it; on a thread of its own, piece by piece, it is done beside the transfer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace fleetcast::apps {

class background_flush {
public:
  /// Some half second of a fast network: short enough that little is left for the end, long enough that a disk with
  /// a head does not spend its time on it.
  static constexpr std::uint64_t usual_step = 64U << 20U;

  using duration = std::chrono::steady_clock::duration;

  /// Calls `flush`, which returns 0 or errno and must not throw, on a thread of its own after each `step` bytes, and when
  /// the first byte not flushed yet is `interval` old (0: however old); or as soon as it has returned from the last call.
  /// The thread begins with the first of them; if the system refuses one nothing is flushed, and all is left to the end.
  explicit background_flush(std::function<int()> flush, std::uint64_t step = usual_step,
                            duration interval = {});

  /// As `finish`, without its result.
  ~background_flush();

  background_flush(const background_flush&) = delete;
  background_flush& operator=(const background_flush&) = delete;

  /// So much more was written. Never waits for a flush; one thread calls.
  void written(std::uint64_t bytes);

  /// Waits for a call under way; no other begins. Returns the error of the first one that failed, or 0: what the disk
  /// said to one flush it may not say again to the next.
  [[nodiscard]] int finish();

private:
  using clock = std::chrono::steady_clock;

  void run();
  bool await_due(std::unique_lock<std::mutex>& lock);
  bool is_due(clock::time_point now) const;

  std::function<int()> flush_;
  std::uint64_t step_;
  duration interval_;

  std::mutex mutex_; ///< of what follows, but for the thread
  std::condition_variable changed_;
  std::uint64_t unflushed_ = 0;
  clock::time_point unflushed_since_{};
  bool over_ = false;
  int error_ = 0;
  std::thread thread_;
};

} // namespace fleetcast::apps
