/// Blocks of a file that follow one another and are written together.
///
/// Each write past the page cache costs the file system a transaction, the device an interrupt and the writing
/// thread a sleep, however long it is; and whoever gives back several blocks at once wakes the library
/// once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

namespace fleetcast::apps {

class block_run {
public:
  /// Some 700 KiB in blocks of the usual size: a disk took no more by writes of 4 MiB.
  static constexpr std::size_t max_blocks = 4;

  /// Takes `block` in, unless the run is full or ends elsewhere.
  [[nodiscard]] bool append(std::uint64_t offset, std::span<const std::byte> block) noexcept {
    if (count_ == max_blocks || (count_ > 0 && offset != offset_ + bytes_))
      return false;
    if (count_ == 0)
      offset_ = offset;
    // iovec serves both directions; writing does not write through it.
    blocks_[count_++] = {const_cast<std::byte*>(block.data()), block.size()};
    bytes_ += block.size();
    return true;
  }

  void clear() noexcept {
    count_ = 0;
    bytes_ = 0;
  }

  bool empty() const noexcept { return count_ == 0; }
  bool full() const noexcept { return count_ == max_blocks; }

  /// Where it begins.
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  std::span<const iovec> blocks() const noexcept { return {blocks_.data(), count_}; }

private:
  std::uint64_t offset_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t count_ = 0;
  std::array<iovec, max_blocks> blocks_{};
};

} // namespace fleetcast::apps
