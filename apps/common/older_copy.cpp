#include "apps/common/older_copy.hpp"

#include "apps/common/range_io.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace fleetcast::apps {

std::optional<older_copy> older_copy::make(descriptor file, std::string path) {
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0)
    return std::nullopt;
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return older_copy{std::move(file), std::move(path), static_cast<std::uint64_t>(info.st_size)};
}

older_copy::older_copy(descriptor file, std::string path, std::uint64_t size) noexcept
  : file_(std::move(file)),
    path_(std::move(path)),
    size_(size) {}

tl::expected<void, file_failure> older_copy::read(std::uint64_t offset,
                                                  std::span<std::byte> bytes) const {
  const auto stop = read_range(file_, offset, bytes);
  if (!stop)
    return {};
  const bool is_at_end = stop->error == 0;
  const auto why = is_at_end ? "it ends before that, and had " + std::to_string(size_)
                                 + " bytes when it was opened"
                             : std::system_category().message(stop->error);
  return tl::unexpected{file_failure{
    is_at_end ? ENODATA : stop->error,
    "cannot read the older copy" + (path_.empty() ? "" : " " + path_) + " at offset "
      + std::to_string(stop->offset) + ": " + why + "; the server sends what is missing"}};
}

} // namespace fleetcast::apps
