#include "apps/common/ordered_output.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

tl::unexpected<file_failure> failed(const char* what, int error) {
  return tl::unexpected{make_file_failure(what, error)};
}

tl::expected<void, file_failure> write_all(int to, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(to, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0 && errno == EAGAIN) { // others who share the stream may have made it non-blocking
      pollfd room{to, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
      continue;
    }
    if (done < 0)
      return failed("cannot write to standard output", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

} // namespace

tl::expected<void, file_failure> ordered_output::advance(const descriptor& file,
                                                         std::uint64_t offset, std::uint64_t size) {
  ahead_.emplace(offset, offset + size);
  while (!ahead_.empty() && ahead_.begin()->first <= next_) {
    const auto end = ahead_.begin()->second;
    ahead_.erase(ahead_.begin());
    if (auto done = write_up_to(file, end); !done)
      return done;
  }
  return {};
}

tl::expected<void, file_failure> ordered_output::write_up_to(const descriptor& file,
                                                             std::uint64_t end) {
  std::array<char, std::size_t{64} * 1024> bytes{};
  const auto begin = next_;
  while (next_ < end) {
    const auto wanted = std::min<std::uint64_t>(end - next_, bytes.size());
    const auto got = ::pread(file.get(), bytes.data(), wanted, static_cast<off_t>(next_));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return failed("cannot read the temporary file back", got == 0 ? EIO : errno);
    if (auto done = write_all(to_, {bytes.data(), static_cast<std::size_t>(got)}); !done)
      return done;
    next_ += static_cast<std::uint64_t>(got);
  }
  // Where a file system cannot, the space is had once the file is closed.
  (void)::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(begin), static_cast<off_t>(next_ - begin));
  return {};
}

} // namespace fleetcast::apps
