#include "actors/serve/beneath.hpp"

#include "actors/io/file_descriptor.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fleetcast::actors::beneath {

using protocol::failure;
using protocol::failure_code;

std::string message_of(int error) {
  return std::generic_category().message(error);
}

tl::unexpected<failure> refusal(failure_code code, int error, std::string text) {
  return tl::unexpected{failure{code, static_cast<std::uint32_t>(error), std::move(text)}};
}

// -- names of strangers, fit to be shown ----------------------------------------------------------

std::string printable(std::string_view name) {
  constexpr std::size_t longest = 200;
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result;
  while (!name.empty() && result.size() < longest) {
    const auto size = protocol::plain_character(name);
    if (size != 0) {
      result += name.substr(0, size);
    } else {
      const auto byte = static_cast<unsigned char>(name[0]);
      result += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    }
    name.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return name.empty() ? result : result + "…";
}

std::string quoted(std::string_view name) {
  return '"' + printable(name) + '"';
}

std::string path_of_name(std::string_view name) {
  std::string result{name};
  std::replace(result.begin(), result.end(), '\\', '/');
  result.erase(0, result.find_first_not_of('/'));
  return result;
}

// -- opening --------------------------------------------------------------------------------------

namespace {

std::uint64_t flags_for(purpose what) noexcept {
  switch (what) {
    case purpose::read:
      // Without O_NONBLOCK, a FIFO would hang us until somebody writes to it.
      return O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    case purpose::list:
      return O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    case purpose::look:
      break;
  }
  return O_PATH | O_CLOEXEC;
}

int open_beneath(int directory, const std::string& path, purpose what) {
  open_how how{};
  how.flags = flags_for(what);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a directory was renamed meanwhile, and the kernel could not be sure about a "..".
  constexpr int attempts = 16;
  long opened = -1;
  for (int attempt = 0; attempt < attempts && opened < 0; ++attempt) {
    opened = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (opened < 0 && errno != EAGAIN && errno != EINTR)
      break;
  }
  return static_cast<int>(opened);
}

/// Where an open file really is; empty: the kernel does not say.
std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> path{};
  const auto size
    = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path.data(), path.size());
  return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

bool goes_up(const std::filesystem::path& path) {
  return std::find(path.begin(), path.end(), "..") != path.end();
}

/// Whether what there is of the way to `path`, which is not there, ends beneath the directory.
bool is_missing_inside(int directory, const std::string& inside, std::filesystem::path path) {
  while (path.has_parent_path()) {
    path = path.parent_path();
    const io::file_descriptor there{::openat(directory, path.c_str(), O_PATH | O_CLOEXEC)};
    if (there)
      return (path_of(there.get()) + "/").starts_with(inside);
  }
  return true;
}

/// The kernel takes an absolute link for one that leads out, though it may end inside. What is opened in the end is
/// beneath all the same. What lies outside is not even told to be there or not.
int open_behind_links(int directory, const std::string& path, purpose what) {
  const io::file_descriptor target{::openat(directory, path.c_str(), O_PATH | O_CLOEXEC)};
  const int missing = target ? 0 : errno;
  const auto inside = path_of(directory) + "/";
  const auto real = target ? path_of(target.get()) : std::string{};
  if (inside.size() > 1 && real.starts_with(inside))
    return open_beneath(directory, real.substr(inside.size()), what);
  errno = missing != 0 && is_missing_inside(directory, inside, path) ? missing : EXDEV;
  return -1;
}

} // namespace

/// A name that goes up may not leave, not even to come back: whether it comes back tells what the directories are called.
int open_inside(int directory, const std::string& path, purpose what) {
  const int opened = open_beneath(directory, path, what);
  const auto met_link = opened < 0 && errno == EXDEV && !goes_up(path);
  return met_link ? open_behind_links(directory, path, what) : opened;
}

tl::unexpected<failure> refusal_to_open(int error, const std::string& shown) {
  switch (error) {
    case EXDEV:
      return refusal(failure_code::invalid_name, error,
                     shown
                       + " leads out of its namespace; name a file below it, with a relative "
                         "path");
    case ELOOP:
      return refusal(failure_code::invalid_name, error,
                     shown + " goes round in circles of symbolic links");
    case ENAMETOOLONG:
      return refusal(failure_code::invalid_name, error, shown + " is too long a name for a file");
    case ENOENT:
    case ENOTDIR:
      return refusal(failure_code::object_not_found, error,
                     "there is no " + shown + " here; check the spelling, capital letters count");
    case EACCES:
    case EPERM:
      return refusal(failure_code::access_denied, error,
                     "the server may not read " + shown
                       + "; its administrator can allow it in the file's permissions");
    case ENXIO:
    case ENODEV:
      return refusal(failure_code::access_denied, error,
                     shown + " is not a regular file, and only those are served");
    case EMFILE:
    case ENFILE:
      return refusal(failure_code::server_busy, error,
                     "the server has too many files open for " + shown + "; try again later");
    default:
      return refusal(failure_code::read_fault, error,
                     "the server cannot open " + shown + ": " + message_of(error));
  }
}

} // namespace fleetcast::actors::beneath
