/// Which limit keeps this process from starting a thread, and how to raise it.
///
/// The kernel answers EAGAIN whichever limit is reached, so the sentence comes from looking at each of them: the
/// user's (RLIMIT_NPROC), those of the control groups (pids.max) and the system's (threads-max).
#pragma once

#include "protocol/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::actors::io {

/// A bound on threads, and how many there are.
struct thread_count {
  std::uint64_t most = 0;
  std::uint64_t now = 0;

  bool is_reached() const noexcept { return now >= most; }

  friend bool operator==(const thread_count&, const thread_count&) = default;
};

/// What bounds the threads of this process. Empty: no such limit here, or it cannot be read.
struct thread_limits {
  unsigned user = 0; ///< whose threads `of_user` counts

  std::optional<thread_count> of_user;
  std::optional<thread_count>
    of_group;        ///< the tightest one, of this process's control group and those above
  std::string group; ///< the name of that one: "/user.slice"
  std::optional<thread_count> of_system;
};

/// As they are now. `proc` and `cgroup` are where the kernel shows itself; tests have directories of their own.
/// Reads the state of every process: for when something was refused.
[[nodiscard]] thread_limits read_thread_limits(const std::filesystem::path& proc = "/proc",
                                               const std::filesystem::path& cgroup
                                               = "/sys/fs/cgroup");

/// "the limit RLIMIT_NPROC is reached: user 1000 has 64 of 64 threads and processes. Raise it …". Names every
/// limit if none of them is reached any more.
[[nodiscard]] std::string explain(const thread_limits& limits);

/// A thread of this host could not be started: "cannot start a thread for `purpose`", and which limit is reached.
/// `internal` with EAGAIN as its detail, which the API maps to ERROR_NO_SYSTEM_RESOURCES. What a server tells its
/// clients is `server_busy` instead; see `as_busy`.
[[nodiscard]] protocol::failure thread_refusal(std::string_view purpose);

/// The same for a client that asked this host for something: it can try again later, and how this host is set up is
/// not its business. `doing` is what could not be done.
[[nodiscard]] protocol::failure as_busy(std::string_view doing);

/// Whether `reason` is a thread_refusal.
[[nodiscard]] bool is_thread_refusal(const protocol::failure& reason) noexcept;

} // namespace fleetcast::actors::io
