/// Writes past the page cache (O_DIRECT), as long as that pays.
///
/// A file that nobody here reads soon gains nothing from the page cache and pays for it with a copy of every
/// byte. But a write past it waits for the disk, some blocks at a
/// time, and a disk that is far away or slow does better with many under way, which write-back from the
/// page cache gives it. So this gives up, once and for good, where the file system refuses, and when the
/// waiting is most of what the writing thread does.
#pragma once

#include "apps/common/descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/uio.h>

namespace fleetcast::apps {

/// What share of its time a thread spends inside of something, judged again and again.
class busy_share {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// It was inside from `begin` to `end` and brought `bytes` on their way; times never go back.
  void add(time_point begin, time_point end, std::uint64_t bytes);

  /// That was nearly all of its time, over enough bytes or seconds to tell.
  bool too_much() const noexcept { return too_much_; }

private:
  std::optional<time_point> since_; ///< end of the last judgement
  std::chrono::steady_clock::duration busy_{};
  std::uint64_t bytes_ = 0;
  unsigned times_ = 0;
  bool too_much_ = false;
};

class direct_output {
public:
  /// Opens `file` a second time. Unusable where the file system refuses.
  void open(const descriptor& file);

  /// Writes `blocks`, one behind the other, from the first one on as far as they go this way: all, or less, or
  /// nothing. Returns how many bytes; the caller writes the rest in the common way, and meets there the error that
  /// there may be.
  [[nodiscard]] std::size_t write(std::uint64_t offset, std::span<const iovec> blocks);

  bool usable() const noexcept { return static_cast<bool>(file_); }

private:
  descriptor file_;
  busy_share waiting_;
};

} // namespace fleetcast::apps
