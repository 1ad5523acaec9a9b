#include "apps/common/range_io.hpp"

#include <cerrno>

#include <unistd.h>

namespace fleetcast::apps {

namespace {

template <class Call, class Byte>
std::optional<range_stop> repeat(Call call, const descriptor& file, std::uint64_t offset,
                                 std::span<Byte> bytes) {
  while (!bytes.empty()) {
    const auto done = call(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return range_stop{offset, done < 0 ? errno : 0};
    offset += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return std::nullopt;
}

} // namespace

std::optional<range_stop> read_range(const descriptor& file, std::uint64_t offset,
                                     std::span<std::byte> bytes) {
  return repeat(::pread, file, offset, bytes);
}

std::optional<range_stop> write_range(const descriptor& file, std::uint64_t offset,
                                      std::span<const std::byte> bytes) {
  auto stop = repeat(::pwrite, file, offset, bytes);
  if (stop && stop->error == 0)
    stop->error = EIO; // writing knows no end of the file
  return stop;
}

} // namespace fleetcast::apps
