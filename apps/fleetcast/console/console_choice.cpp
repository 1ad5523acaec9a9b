#include "apps/fleetcast/console/console_choice.hpp"

#include "actors/console/socket_directory.hpp"
#include "apps/common/json_output.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <utility>
#include <vector>

#include <unistd.h>

namespace fleetcast::apps {

using actors::console_socket;
using protocol::failure;
using protocol::failure_code;

namespace {

std::vector<console_socket> consoles() {
  std::vector<console_socket> result;
  for (const auto& directory : actors::socket_directories())
    for (auto& one : actors::find_consoles(directory))
      result.push_back(std::move(one));
  return result;
}

/// "/run/fleetcast, /run/user/0/fleetcast".
std::string places() {
  std::string result;
  for (const auto& directory : actors::socket_directories())
    result += (result.empty() ? "" : ", ") + directory.string();
  return result;
}

std::string table(const std::vector<console_socket>& all) {
  auto result = fmt::format("{:>8}  {:<32}  {}\n", "PID", "PROGRAM", "SOCKET");
  for (const auto& one : all)
    result += fmt::format("{:>8}  {:<32}  {}\n", one.pid, one.program, one.path.string());
  return result;
}

/// Null: none is of this kind, or several are.
const console_socket* only_one(const std::vector<console_socket>& all, std::string_view program) {
  const console_socket* result = nullptr;
  for (const auto& one : all) {
    if (one.program != program)
      continue;
    if (result != nullptr)
      return nullptr;
    result = &one;
  }
  return result;
}

tl::unexpected<failure> no_choice(std::string why) {
  return tl::unexpected{failure{failure_code::invalid_argument, 0, std::move(why)}};
}

} // namespace

void print_consoles(bool json) {
  const auto all = consoles();
  if (!json) {
    fmt::print("{}", table(all));
    return;
  }
  auto document = nlohmann::json::array();
  for (const auto& one : all)
    document.push_back({{"pid", one.pid}, {"program", one.program}, {"socket", one.path.string()}});
  print_json(document);
}

tl::expected<std::filesystem::path, failure> choose_console(const std::string& wanted) {
  if (wanted.find('/') != std::string::npos)
    return wanted;
  const auto all = consoles();
  const auto find = [&all](const std::string& pid) {
    return std::find_if(all.begin(), all.end(),
                        [&](const auto& one) { return std::to_string(one.pid) == pid; });
  };
  if (!wanted.empty()) {
    if (const auto found = find(wanted); found != all.end())
      return found->path;
    return no_choice(
      "process " + wanted + " has no console in " + places()
      + ". `fleetcast console --list` shows those that have; another user's cannot be "
        "reached");
  }
  if (all.empty())
    return no_choice(
      "no process of this user has a console in " + places()
      + ". `fleetcast serve` and `fleetcast get` have one while they run; a program that "
        "embeds the library with FLEETCAST_CONSOLE=1");
  // A server or an agent is what is looked into; beside it there may be a `get` for a moment.
  for (const auto* kind : {"fleetcast-serve", "fleetcast-agent"})
    if (const auto only = only_one(all, kind); only != nullptr)
      return only->path;
  if (all.size() == 1)
    return all.front().path;
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    return no_choice("several processes have a console; name the one you mean by its pid:\n"
                     + table(all));
  fmt::print("{}PID: ", table(all));
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (const auto found = find(answer); found != all.end())
    return found->path;
  return no_choice("none of them has the pid '" + answer + "'");
}

} // namespace fleetcast::apps
