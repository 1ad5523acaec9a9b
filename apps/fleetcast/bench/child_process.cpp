#include "apps/fleetcast/bench/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

/// A line longer than this is cut: no program of ours writes one.
constexpr std::size_t max_line = 64 * 1024;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// In the new process: becomes the program, or ends.
[[noreturn]] void become(const std::vector<char*>& arguments, int output, pid_t parent) {
  // Ctrl-C is for the parent, which ends us in its own order; if it cannot, the kernel does.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // terminate() has to work whatever this program does: what is ignored or blocked is inherited.
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  if (::getppid() == parent && ::dup2(output, STDOUT_FILENO) >= 0)
    ::execv(arguments[0], arguments.data());
  constexpr int not_run = 127;
  ::_exit(not_run);
}

double seconds_of(const timeval& time) {
  constexpr double microseconds = 1e6;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / microseconds;
}

} // namespace

child_process::child_process(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    fail("pipe");
  output_ = descriptor{ends[0]};
  const descriptor theirs{ends[1]};
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  const auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0)
    fail("fork");
  if (pid_ == 0)
    become(arguments, theirs.get(), parent);
}

child_process::child_process(child_process&& other) noexcept
  : pid_(std::exchange(other.pid_, -1)),
    output_(std::move(other.output_)),
    rest_(std::move(other.rest_)),
    lines_(std::move(other.lines_)) {}

child_process::~child_process() {
  if (pid_ < 0)
    return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
}

void child_process::read() {
  std::array<char, 4096> buffer{};
  while (output_) {
    const auto got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take(buffer.data(), static_cast<std::size_t>(got));
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    } else {
      const descriptor ended{std::move(output_)};
    }
  }
}

void child_process::take(const char* text, std::size_t size) {
  for (const char c : std::string_view{text, size}) {
    if (c != '\n') {
      if (rest_.size() < max_line)
        rest_ += c;
      continue;
    }
    if (lines_.size() == most_lines)
      lines_.erase(lines_.begin());
    lines_.push_back(std::exchange(rest_, {}));
  }
}

void child_process::terminate() noexcept {
  if (pid_ > 0)
    ::kill(pid_, SIGTERM);
}

child_end child_process::wait() {
  int status = 0;
  rusage usage{};
  while (::wait4(pid_, &status, 0, &usage) < 0)
    if (errno != EINTR)
      fail("wait4");
  pid_ = -1;
  child_end result;
  result.at = std::chrono::steady_clock::now();
  constexpr int by_signal = 128;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : by_signal + WTERMSIG(status);
  constexpr std::uint64_t kibibyte = 1024;
  result.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * kibibyte;
  result.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  return result;
}

} // namespace fleetcast::apps
