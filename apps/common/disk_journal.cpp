#include "apps/common/disk_journal.hpp"

#include "apps/common/range_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

using tl::unexpected;

/// Some hundred times that of a file of 100 GiB.
constexpr off_t most_bytes = 256 << 20;

file_failure unusable(const std::string& name, int error) {
  return make_file_failure("cannot use the journal " + name, error);
}

/// 0 or errno.
int read_all(const descriptor& file, std::span<std::byte> bytes) {
  const auto stop = read_range(file, 0, bytes);
  if (!stop)
    return 0;
  return stop->error != 0 ? stop->error : EIO; // it was longer a moment ago
}

} // namespace

std::optional<std::string> refusal_of_found(const descriptor& file, mode_t most) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0)
    return "its owner and permissions cannot be read";
  if (!S_ISREG(info.st_mode))
    return "it is no regular file";
  if (info.st_uid != ::geteuid())
    return "it belongs to another user";
  if (info.st_nlink != 1)
    return "it has another name, too";
  if ((info.st_mode & 07777 & ~most) != 0)
    return fmt::format("its permissions are {:04o}, not {:04o}", info.st_mode & 07777, most);
  return std::nullopt;
}

tl::expected<std::unique_ptr<disk_journal>, file_failure>
disk_journal::create(const descriptor& directory, const std::string& name) {
  auto around = open_again(directory, O_RDONLY | O_DIRECTORY);
  if (!around)
    return unexpected{unusable(name, errno)};
  descriptor file{::openat(directory.get(), name.c_str(),
                           O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, permissions)};
  // Whatever the umask is: it must be found as it was made.
  if (!file || ::fchmod(file.get(), permissions) != 0)
    return unexpected{unusable(name, errno)};
  return std::unique_ptr<disk_journal>{new disk_journal{std::move(around), std::move(file)}};
}

tl::expected<disk_journal::found, file_failure> disk_journal::open(const descriptor& directory,
                                                                   const std::string& name) {
  // A pipe would not open before somebody writes into it.
  descriptor file{
    ::openat(directory.get(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file)
    return unexpected{unusable(name, errno)};
  if (const auto reason = refusal_of_found(file, permissions))
    return unexpected{file_failure{EPERM, "the journal " + name + " is left alone: " + *reason}};
  auto around = open_again(directory, O_RDONLY | O_DIRECTORY);
  struct stat info {};
  if (!around || ::fstat(file.get(), &info) != 0)
    return unexpected{unusable(name, errno)};
  if (info.st_size > most_bytes)
    return unexpected{unusable(name, EFBIG)};
  std::vector<std::byte> contents(static_cast<std::size_t>(info.st_size));
  if (const auto error = read_all(file, contents); error != 0)
    return unexpected{unusable(name, error)};
  return found{std::unique_ptr<disk_journal>{new disk_journal{std::move(around), std::move(file)}},
               std::move(contents)};
}

int disk_journal::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto stop = write_range(file_, offset, bytes);
  return stop ? stop->error : 0;
}

int disk_journal::truncate(std::uint64_t size) {
  return ::ftruncate(file_.get(), static_cast<off_t>(size)) == 0 ? 0 : errno;
}

int disk_journal::sync() {
  return ::fdatasync(file_.get()) == 0 ? 0 : errno;
}

int disk_journal::sync_directory() {
  // Some file systems cannot sync a directory.
  if (::fsync(directory_.get()) == 0 || errno == EINVAL || errno == ENOTSUP)
    return 0;
  return errno;
}

} // namespace fleetcast::apps
