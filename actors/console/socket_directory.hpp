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

/// `$XDG_RUNTIME_DIR/fleetcast`; without that variable /run/user/UID/fleetcast, and where that is not
/// there, /tmp/fleetcast-UID. A program with another user's rights does not look at the variable.
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

/// The consoles of processes that listen, by pid. Sockets that nobody listens on any more are removed.
std::vector<console_socket> find_consoles(const std::filesystem::path& directory);

} // namespace fleetcast::actors
