#include "apps/common/direct_output.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

namespace fleetcast::apps {

namespace {

/// Of offset, size and memory: what file systems on today's disks ask for at most.
constexpr std::uintptr_t alignment = 4096;

/// Bytes between two judgements: half a second of a fast network, so that a burst of blocks decides nothing.
constexpr std::uint64_t judged_bytes = 128U << 20U;

/// On a slow disk sooner: after so long, and so many writes.
constexpr std::chrono::seconds judged_time{2};
constexpr unsigned judged_times = 16;

/// Beyond this share of its time a thread that waits for the disk holds the transfer up. On a machine whose
/// processors are all busy the share is some 0.8, most of it waiting for a processor.
constexpr double tolerable_share = 0.95;

bool aligned(const iovec& block) noexcept {
  return (block.iov_len | reinterpret_cast<std::uintptr_t>(block.iov_base)) % alignment == 0;
}

} // namespace

void busy_share::add(time_point begin, time_point end, std::uint64_t bytes) {
  if (!since_)
    since_ = begin;
  busy_ += end - begin;
  bytes_ += bytes;
  ++times_;
  if (bytes_ < judged_bytes && (end - *since_ < judged_time || times_ < judged_times))
    return;
  using seconds = std::chrono::duration<double>;
  too_much_ = too_much_ || seconds{busy_} > tolerable_share * seconds{end - *since_};
  since_ = end;
  busy_ = {};
  bytes_ = 0;
  times_ = 0;
}

void direct_output::open(const descriptor& file) {
  file_ = open_again(file, O_WRONLY | O_DIRECT);
}

std::size_t direct_output::write(std::uint64_t offset, std::span<const iovec> blocks) {
  blocks = blocks.first(static_cast<std::size_t>(
    std::find_if_not(blocks.begin(), blocks.end(), aligned) - blocks.begin()));
  if (!file_ || offset % alignment != 0 || blocks.empty())
    return 0;
  std::size_t size = 0;
  for (const auto& block : blocks)
    size += block.iov_len;
  const auto begin = std::chrono::steady_clock::now();
  ssize_t written = -1;
  do
    written = ::pwritev(file_.get(), blocks.data(), static_cast<int>(blocks.size()),
                        static_cast<off_t>(offset));
  while (written < 0 && errno == EINTR);
  const auto taken = written < 0 ? 0 : static_cast<std::size_t>(written);
  waiting_.add(begin, std::chrono::steady_clock::now(), taken);
  if (taken < size || waiting_.too_much())
    file_ = descriptor{};
  return taken;
}

} // namespace fleetcast::apps
