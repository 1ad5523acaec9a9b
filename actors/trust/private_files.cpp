#include "actors/trust/private_files.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors::io {

using protocol::failure;
using protocol::failure_code;

namespace {

std::filesystem::path home_directory() {
  // secure_getenv: a program that runs with another's rights must not be led to files of the caller.
  if (const char* home = ::secure_getenv("HOME"); home != nullptr && *home == '/')
    return home;
  std::array<char, 4096> strings{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, strings.data(), strings.size(), &found) == 0
      && found != nullptr && found->pw_dir != nullptr)
    return found->pw_dir;
  return "/";
}

/// Makes sure that `text` is in the file and on the disk. 0 or errno.
int fill_file(int file, std::string_view text) {
  if (const int error = write_all(file, text); error != 0)
    return error;
  return ::fsync(file) == 0 ? 0 : errno;
}

/// Renames, but never over an existing file. 0 or errno.
int rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // A file system that knows no such renaming (NFS): a hard link does not replace, either.
  if (::link(from.c_str(), to.c_str()) != 0)
    return errno;
  ::unlink(from.c_str());
  return 0;
}

} // namespace

failure system_failure(int error, failure_code otherwise, std::string_view what,
                       const std::filesystem::path& path) {
  const auto code = error == ENOSPC || error == EDQUOT ? failure_code::disk_full : otherwise;
  return {code, static_cast<std::uint32_t>(error),
          std::string{what} + ": " + path.string() + ": " + std::generic_category().message(error)};
}

std::filesystem::path user_directory(const char* variable, std::string_view below_home) {
  // Relative values are to be ignored, says the XDG base directory specification.
  if (const char* value = ::secure_getenv(variable); value != nullptr && *value == '/')
    return value;
  return home_directory() / below_home;
}

int make_private_directories(const std::filesystem::path& directory) {
  std::filesystem::path made;
  for (const auto& part : directory) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0)
      continue;
    // A parent may exist although we may not make it (EACCES, EROFS): only the whole path counts.
    if (const int error = errno; error != EEXIST) {
      struct stat info {};
      if (::stat(made.c_str(), &info) != 0)
        return error;
    }
  }
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0)
    return errno;
  return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

tl::expected<std::string, int> read_all(int descriptor, std::size_t limit) {
  std::string result;
  std::array<char, 4096> chunk{};
  for (;;) {
    const auto size = ::read(descriptor, chunk.data(), chunk.size());
    if (size == 0)
      return result;
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return tl::make_unexpected(errno);
    result.append(chunk.data(), static_cast<std::size_t>(size));
    if (result.size() > limit)
      return tl::make_unexpected(EFBIG);
  }
}

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::write(descriptor, text.data(), text.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return errno;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

int create_private_file(const std::filesystem::path& path, std::string_view text) {
  // mkostemp makes it 0600, under a name that nobody else uses.
  auto beside = path.string() + ".new.XXXXXX";
  const file_descriptor file{::mkostemp(beside.data(), O_CLOEXEC)};
  if (!file)
    return errno;
  int error = fill_file(file.get(), text);
  if (error == 0)
    error = rename_new(beside, path);
  if (error == 0)
    error = sync_directory(path.parent_path());
  else
    ::unlink(beside.c_str());
  return error;
}

int sync_directory(const std::filesystem::path& directory) {
  const auto path = directory.empty() ? std::filesystem::path{"."} : directory;
  const file_descriptor opened{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened)
    return errno;
  // Some file systems cannot sync a directory; their renames are as durable as they get.
  return ::fsync(opened.get()) == 0 || errno == EINVAL ? 0 : errno;
}

void wipe(std::string& secret) noexcept {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

} // namespace fleetcast::actors::io
