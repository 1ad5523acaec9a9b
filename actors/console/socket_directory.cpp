#include "actors/console/socket_directory.hpp"

#include "actors/trust/private_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleetcast::actors {

namespace fs = std::filesystem;

namespace {

using protocol::failure;
using protocol::failure_code;

/// In a file name, and in what is shown.
constexpr std::size_t max_program_name = 32;

constexpr std::string_view suffix = ".sock";

/// As apps/services/fleetcast-serve.service says. systemd makes what is above it, in /run, where only root can.
constexpr const char* service_directory = "/run/fleetcast-serve/fleetcast";

tl::unexpected<failure> refusal(const fs::path& directory, const std::string& why) {
  return tl::unexpected{
    failure{failure_code::access_denied, 0,
            "no console can be reached below " + directory.string() + ": " + why}};
}

std::optional<console_socket> parse(const fs::path& path) {
  const auto name = path.filename().string();
  if (!name.ends_with(suffix))
    return std::nullopt;
  const auto stem = name.substr(0, name.size() - suffix.size());
  const auto dot = stem.rfind('.');
  if (dot == std::string::npos || dot == 0)
    return std::nullopt;
  console_socket result{path, stem.substr(0, dot), 0};
  const auto* end = stem.data() + stem.size();
  const auto [stopped, error] = std::from_chars(stem.data() + dot + 1, end, result.pid);
  if (error != std::errc{} || stopped != end || result.pid <= 0)
    return std::nullopt;
  return result;
}

tl::expected<void, failure> check_private(const fs::path& directory) {
  struct stat info {};
  // Not following a link: in /tmp anybody may have put one there.
  if (::lstat(directory.c_str(), &info) != 0)
    return refusal(directory, std::generic_category().message(errno));
  const bool is_service = ::geteuid() == 0 && directory == service_directory;
  if (!S_ISDIR(info.st_mode) || (info.st_uid != ::geteuid() && !is_service))
    return refusal(directory, "it is not a directory of this user. Remove it, or set "
                              "XDG_RUNTIME_DIR to a directory of yours");
  if ((info.st_mode & 0077) != 0)
    return refusal(directory,
                   "others than its owner may go there. Do: chmod 700 " + directory.string());
  return {};
}

/// As far as this process sees: one of another container may still run.
bool is_gone(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

std::vector<console_socket> all_sockets(const fs::path& directory) {
  std::vector<console_socket> result;
  if (!check_private(directory))
    return result;
  std::error_code error;
  for (fs::directory_iterator i{directory, error}; !error && i != fs::directory_iterator{};
       i.increment(error))
    if (auto one = parse(i->path()))
      result.push_back(std::move(*one));
  return result;
}

} // namespace

std::vector<fs::path> socket_directories(const char* runtime_directory, uid_t user) {
  const auto id = std::to_string(user);
  const auto of_logins = fs::path{"/run/user"} / id;
  if (runtime_directory != nullptr && *runtime_directory == '/' && runtime_directory != of_logins)
    return {fs::path{runtime_directory} / "fleetcast"};
  std::vector<fs::path> result;
  if (user == 0)
    result.emplace_back("/run/fleetcast");
  result.push_back(of_logins / "fleetcast");
  result.push_back(fs::path{"/tmp"} / ("fleetcast-" + id));
  if (user == 0)
    result.emplace_back(service_directory); // the last one: nobody else's place
  return result;
}

std::vector<fs::path> socket_directories() {
  return socket_directories(::secure_getenv("XDG_RUNTIME_DIR"), ::geteuid());
}

fs::path default_socket_directory() {
  auto all = socket_directories();
  const auto found = std::find_if(all.begin(), all.end(), [](const fs::path& one) {
    std::error_code ignored;
    return fs::is_directory(one.parent_path(), ignored);
  });
  return found == all.end() ? all.front() : *found;
}

tl::expected<void, failure> prepare_socket_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return refusal(directory, "it cannot be made: " + std::generic_category().message(errno)
                                + ". Set XDG_RUNTIME_DIR to a directory of yours");
  return check_private(directory);
}

fs::path own_socket_path(const fs::path& directory, const std::string& program) {
  auto name = program.substr(0, max_program_name);
  std::replace_if(
    name.begin(), name.end(),
    [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  if (name.empty())
    name = "program";
  return directory / (name + "." + std::to_string(::getpid()) + std::string{suffix});
}

std::vector<console_socket> find_consoles(const fs::path& directory) {
  std::vector<console_socket> result;
  for (auto& one : all_sockets(directory))
    if (!is_deserted(one.path))
      result.push_back(std::move(one));
    else if (is_gone(one.pid))
      ::unlink(one.path.c_str());
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return result;
}

void remove_dead_consoles(const fs::path& directory) {
  for (const auto& one : all_sockets(directory))
    if (is_gone(one.pid) && is_deserted(one.path))
      ::unlink(one.path.c_str());
}

bool is_deserted(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& name = path.native();
  if (name.size() >= sizeof address.sun_path)
    return false;
  std::memcpy(address.sun_path, name.c_str(), name.size());
  const io::file_descriptor socket{
    ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  return socket
         && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)
              != 0
         && errno == ECONNREFUSED;
}

} // namespace fleetcast::actors
