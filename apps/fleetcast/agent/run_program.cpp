#include "apps/fleetcast/agent/run_program.hpp"

#include "apps/common/staged_file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

constexpr int patience_ms = 10 * 60 * 1000;

/// It begins as a program of its own would, not with what our threads block.
pid_t start(const std::string& program, const std::string& argument, int& error) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto name = program;
  auto only = argument;
  std::array<char*, 3> argv{name.data(), only.data(), nullptr};
  pid_t child = -1;
  error = posix_spawnp(&child, program.c_str(), nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  return child;
}

} // namespace

tl::expected<void, std::string> run_program(const std::string& program,
                                            const std::string& argument) {
  int error = 0;
  const auto child = start(program, argument, error);
  if (error != 0)
    return tl::unexpected{"cannot run " + program + ": " + std::system_category().message(error)};
  const descriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  pollfd ended{handle.get(), POLLIN, 0};
  int ready = -1;
  do
    ready = ::poll(&ended, 1, patience_ms);
  while (ready < 0 && errno == EINTR);
  if (ready <= 0)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return {};
  const auto how = WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status))
                                     : "was ended by signal " + std::to_string(WTERMSIG(status));
  return tl::unexpected{program + " " + how + ", so this host refuses the file"};
}

} // namespace fleetcast::apps
