#include "actors/io/thread_limit.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace fleetcast::actors::io {

namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t result = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, result);
  if (error != std::errc{} || rest != end)
    return std::nullopt;
  return result;
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::string word;
  std::ifstream{file} >> word;
  return number_of(word);
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream{line};
  std::vector<std::string> result;
  for (std::string word; stream >> word;)
    result.push_back(word);
  return result;
}

/// Threads of one process if they count for `user`, whose real id it is that counts.
std::uint64_t threads_for(const fs::path& process, unsigned user) {
  std::ifstream status{process / "status"};
  bool is_theirs = false;
  for (std::string line; std::getline(status, line);) {
    const auto words = words_of(line);
    if (words.size() < 2)
      continue;
    if (words[0] == "Uid:")
      is_theirs = number_of(words[1]) == user;
    if (words[0] == "Threads:")
      return is_theirs ? number_of(words[1]).value_or(0) : 0;
  }
  return 0; // it has just ended
}

std::uint64_t count_threads(const fs::path& proc, unsigned user) {
  std::uint64_t result = 0;
  std::error_code error;
  for (fs::directory_iterator i{proc, error}, end; !error && i != end; i.increment(error))
    if (number_of(i->path().filename().string()))
      result += threads_for(i->path(), user);
  return result;
}

std::optional<thread_count> of_user(const fs::path& proc, unsigned user) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  return thread_count{limit.rlim_cur, count_threads(proc, user)};
}

/// The control group that counts tasks: the one of version 2, or that of the pids controller.
struct group_place {
  fs::path root;
  fs::path name;
};

std::optional<group_place> own_group(const fs::path& proc, const fs::path& cgroup) {
  std::ifstream file{proc / "self" / "cgroup"};
  std::optional<group_place> result;
  for (std::string line; std::getline(file, line);) {
    const auto second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos)
      continue;
    const auto name = line.substr(second + 1);
    if (line.starts_with("0::") && !result)
      result = group_place{cgroup, name};
    if (line.find(":pids:") != std::string::npos)
      return group_place{cgroup / "pids", name};
  }
  return result;
}

std::uint64_t room(const thread_count& count) {
  return count.most - std::min(count.most, count.now);
}

/// Each group counts the tasks of those below it, too: the one with the least room decides.
void read_groups(const group_place& own, thread_limits& into) {
  for (auto name = own.name;; name = name.parent_path()) {
    const auto directory = own.root / name.relative_path();
    const auto most = number_in(directory / "pids.max");
    const auto now = number_in(directory / "pids.current");
    if (most && now) {
      const thread_count count{*most, *now};
      if (!into.of_group || room(count) < room(*into.of_group)) {
        into.of_group = count;
        into.group = name.string();
      }
    }
    if (name == name.parent_path())
      return;
  }
}

/// Of /proc/loadavg: "0.20 0.18 0.12 1/80 11206".
std::optional<thread_count> of_system(const fs::path& proc) {
  const auto most = number_in(proc / "sys" / "kernel" / "threads-max");
  std::string line;
  std::ifstream file{proc / "loadavg"};
  std::getline(file, line);
  const auto words = words_of(line);
  if (!most || words.size() < 4)
    return std::nullopt;
  const auto now = number_of(words[3].substr(words[3].find('/') + 1));
  if (!now)
    return std::nullopt;
  return thread_count{*most, *now};
}

std::string text_of(const thread_count& count) {
  return std::to_string(count.now) + " of " + std::to_string(count.most) + " threads and processes";
}

std::string user_text(const thread_limits& limits) {
  return "user " + std::to_string(limits.user) + " has " + text_of(*limits.of_user);
}

constexpr const char* how_to_raise = "RLIMIT_NPROC with `ulimit -u`, /etc/security/limits.conf or "
                                     "LimitNPROC= of a systemd unit; pids.max with "
                                     "TasksMax= of the unit or --pids-limit of the container; "
                                     "threads-max with `sysctl kernel.threads-max`";

} // namespace

thread_limits read_thread_limits(const fs::path& proc, const fs::path& cgroup) {
  thread_limits result;
  result.user = ::getuid();
  result.of_user = of_user(proc, result.user);
  if (const auto own = own_group(proc, cgroup))
    read_groups(*own, result);
  result.of_system = of_system(proc);
  return result;
}

std::string explain(const thread_limits& limits) {
  if (limits.of_user && limits.of_user->is_reached())
    return "the limit RLIMIT_NPROC is reached: " + user_text(limits)
           + ". Raise it (`ulimit -u`, /etc/security/limits.conf, or LimitNPROC= of a systemd "
             "unit), or end other "
             "processes of that user";
  if (limits.of_group && limits.of_group->is_reached())
    return "the limit pids.max is reached: the control group " + limits.group + " has "
           + text_of(*limits.of_group)
           + ". Raise it (TasksMax= of the systemd unit, --pids-limit of the container), or end "
             "other processes there";
  if (limits.of_system && limits.of_system->is_reached())
    return "the limit threads-max is reached: this host has " + text_of(*limits.of_system)
           + ". Raise it (`sysctl kernel.threads-max`), or end other processes";
  std::string result
    = "a limit was reached a moment ago (RLIMIT_NPROC, pids.max, threads-max or memory). Now ";
  if (limits.of_user)
    result += user_text(limits) + ", ";
  if (limits.of_group)
    result += "the control group " + limits.group + " has " + text_of(*limits.of_group) + ", ";
  if (limits.of_system)
    result += "the host has " + text_of(*limits.of_system) + ", ";
  return result + "so try again, or raise the limit: " + how_to_raise;
}

protocol::failure thread_refusal(std::string_view purpose) {
  return {protocol::failure_code::internal, EAGAIN,
          "cannot start a thread for " + std::string{purpose} + ": "
            + explain(read_thread_limits())};
}

protocol::failure as_busy(std::string_view doing) {
  return {protocol::failure_code::server_busy, 0,
          std::string{doing} + ": this host may not start any more threads; try again later"};
}

bool is_thread_refusal(const protocol::failure& reason) noexcept {
  return reason.code == protocol::failure_code::internal && reason.detail == EAGAIN;
}

} // namespace fleetcast::actors::io
