/// Where the sockets of consoles lie: one a process, `PROGRAM.PID.sock`, in a directory that is its
/// user's alone.
#pragma once

#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fleetcast::actors {

/// Where sockets of this user's processes may lie: `/run/fleetcast` for root, whose services have no
/// login, `/run/user/UID/fleetcast`, and `/tmp/fleetcast-UID`. A `runtime_directory` (XDG_RUNTIME_DIR,
/// null when not set) that is another absolute path is the only place. Root finds the service fleetcast-serve there, too,
/// which has a user of its own.
std::vector<std::filesystem::path> socket_directories(const char* runtime_directory, uid_t user);

/// Of this process's environment and user. A program with another user's rights does not look at the
/// variable.
std::vector<std::filesystem::path> socket_directories();

/// Where this process puts its own: the first of them that is there or may be made.
std::filesystem::path default_socket_directory();

/// Makes `directory` if need be, mode 0700. Fails when it is somebody else's or others may write there: who
/// can put names into it could pass for a console.
[[nodiscard]] tl::expected<void, protocol::failure>
prepare_socket_directory(const std::filesystem::path& directory);

struct console_socket {
  std::filesystem::path path;
  std::string program;
  pid_t pid = 0;
};

/// Name of this process's socket: the program's name, fit for a file name, and its pid.
std::filesystem::path own_socket_path(const std::filesystem::path& directory,
                                      const std::string& program);

/// The consoles of processes that listen in `directory`, by pid. Sockets of dead processes are removed.
/// None in a directory that others may write to, since they could pass for a console.
std::vector<console_socket> find_consoles(const std::filesystem::path& directory);

/// Removes what killed processes left in `directory`, without a word to those that run. A socket is theirs
/// only if both say so: no process has its pid, and nobody listens. Either alone may be wrong: pids are
/// used again, and another container that shares the directory has pids of its own.
void remove_dead_consoles(const std::filesystem::path& directory);

/// Nobody listens at `path`. Knocks at the door of whoever does.
[[nodiscard]] bool is_deserted(const std::filesystem::path& path);

} // namespace fleetcast::actors
