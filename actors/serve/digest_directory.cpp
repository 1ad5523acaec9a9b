#include "actors/serve/digest_directory.hpp"

#include "actors/trust/private_files.hpp"
#include "protocol/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleetcast::actors {

namespace {

using protocol::failure;
using protocol::failure_code;

constexpr mode_t only_ours = 0600;
constexpr mode_t of_others = 0077;

tl::unexpected<store_fault> fault(int error) {
  return tl::unexpected{store_fault{error, {}}};
}

/// Why a file is not one of ours; empty: it is.
std::string oddity_of(const struct stat& info) {
  if (!S_ISREG(info.st_mode))
    return "it is not a regular file";
  if (info.st_uid != ::geteuid())
    return "it belongs to another user";
  if (info.st_nlink > 1)
    return "it has another name, too";
  if ((info.st_mode & 07777 & ~only_ours) != 0)
    return fmt::format("its permissions are {:04o}, not {:04o}", info.st_mode & 07777U, only_ours);
  return {};
}

/// The same of one that does not even open; empty: that has another cause.
std::string oddity_of(int error) {
  switch (error) {
    case ELOOP:
      return "it is a link";
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return "it is not a regular file";
    case EACCES:
    case EPERM:
      return "it may not be opened";
    default:
      return {};
  }
}

/// 0 or errno.
int write_all_of(int file, std::span<const std::byte> bytes) {
  return io::write_all(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct stream_closer {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// A second stream of its own, which begins at the begin.
std::unique_ptr<DIR, stream_closer> stream_of(int directory) {
  io::file_descriptor again{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  auto* const stream = again ? ::fdopendir(again.get()) : nullptr;
  if (stream != nullptr)
    static_cast<void>(again.release());
  return std::unique_ptr<DIR, stream_closer>{stream};
}

} // namespace

tl::expected<std::unique_ptr<digest_directory>, failure>
digest_directory::open(const std::filesystem::path& path) {
  const auto refusal = [&](int error) {
    return tl::unexpected{
      io::system_failure(error, failure_code::write_fault, "cannot use the directory", path)};
  };
  if (const auto error = io::make_private_directories(path); error != 0)
    return refusal(error);
  io::file_descriptor opened{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0)
    return refusal(errno);
  const auto shown = protocol::outside_text(path.string());
  if (info.st_uid != ::geteuid())
    return tl::unexpected{failure{failure_code::access_denied, EPERM,
                                  "the directory " + shown + " belongs to another user"}};
  if ((info.st_mode & of_others) != 0)
    return tl::unexpected{
      failure{failure_code::access_denied, EPERM,
              "others may look into the directory " + shown + ": chmod 700 " + shown}};
  return std::unique_ptr<digest_directory>{new digest_directory{path, std::move(opened)}};
}

tl::expected<io::file_descriptor, store_fault> digest_directory::open_ours(const std::string& file,
                                                                           int flags) {
  // A pipe would not open before somebody reads from it.
  io::file_descriptor result{
    ::openat(opened_.get(), file.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  struct stat info {};
  if (!result)
    return tl::unexpected{store_fault{errno, oddity_of(errno)}};
  if (::fstat(result.get(), &info) != 0)
    return fault(errno);
  if (auto odd = oddity_of(info); !odd.empty())
    return tl::unexpected{store_fault{EPERM, std::move(odd)}};
  return result;
}

tl::expected<std::vector<digest_store::found>, store_fault> digest_directory::list() {
  const auto stream = stream_of(opened_.get());
  if (!stream)
    return fault(errno);
  struct dated {
    timespec used{};
    found file;
  };
  std::vector<dated> all;
  while (const auto* entry = ::readdir(stream.get())) {
    struct stat info {};
    if (::fstatat(opened_.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0
        && oddity_of(info).empty())
      all.push_back({info.st_mtim, {entry->d_name, static_cast<std::uint64_t>(info.st_size)}});
  }
  std::sort(all.begin(), all.end(), [](const dated& a, const dated& b) {
    return std::pair{a.used.tv_sec, a.used.tv_nsec} < std::pair{b.used.tv_sec, b.used.tv_nsec};
  });
  std::vector<found> result;
  result.reserve(all.size());
  for (auto& one : all)
    result.push_back(std::move(one.file));
  return result;
}

tl::expected<std::vector<std::byte>, store_fault> digest_directory::read(const std::string& file,
                                                                         std::uint64_t most) {
  const auto opened = open_ours(file, O_RDWR);
  if (!opened)
    return tl::unexpected{opened.error()};
  const auto text = io::read_all(opened->get(), static_cast<std::size_t>(most));
  if (!text)
    return fault(text.error());
  const auto bytes = std::as_bytes(std::span{*text});
  ::futimens(opened->get(), nullptr); // the time of its last use; nothing depends on it
  return std::vector<std::byte>{bytes.begin(), bytes.end()};
}

store_outcome digest_directory::create(const std::string& file, std::span<const std::byte> bytes) {
  // What is there goes, if it is one of ours.
  if (const auto there = open_ours(file, O_RDWR); there)
    static_cast<void>(remove(file));
  else if (there.error().error != ENOENT)
    return tl::unexpected{there.error()};
  const io::file_descriptor opened{::openat(
    opened_.get(), file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, only_ours)};
  // Whatever the umask is: it must be found as it was made.
  if (!opened || ::fchmod(opened.get(), only_ours) != 0)
    return fault(errno);
  if (const auto error = write_all_of(opened.get(), bytes); error != 0)
    return fault(error);
  return {};
}

store_outcome digest_directory::append(const std::string& file, std::span<const std::byte> bytes) {
  const auto opened = open_ours(file, O_WRONLY | O_APPEND);
  if (!opened)
    return tl::unexpected{opened.error()};
  if (const auto error = write_all_of(opened->get(), bytes); error != 0)
    return fault(error);
  return {};
}

store_outcome digest_directory::cut(const std::string& file, std::uint64_t size) {
  const auto opened = open_ours(file, O_WRONLY);
  if (!opened)
    return tl::unexpected{opened.error()};
  if (::ftruncate(opened->get(), static_cast<off_t>(size)) != 0)
    return fault(errno);
  return {};
}

store_outcome digest_directory::remove(const std::string& file) {
  const auto opened = open_ours(file, O_RDONLY);
  if (!opened)
    return tl::unexpected{opened.error()};
  if (::unlinkat(opened_.get(), file.c_str(), 0) != 0)
    return fault(errno);
  return {};
}

} // namespace fleetcast::actors
