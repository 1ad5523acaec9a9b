#include "actors/fleet/link_greeting.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace fleetcast::actors::fleet {

using protocol::failure;
using protocol::failure_code;

namespace {

constexpr std::string_view welcome = "fleetcast-agent 1\n";
constexpr std::string_view full = "fleetcast-agent full ";
constexpr std::size_t most_digits = 9;

/// The number in a line that says that all links are in use; empty: the line says something else.
std::string_view links_in(std::string_view line) {
  if (!line.starts_with(full) || !line.ends_with('\n'))
    return {};
  const auto number = line.substr(full.size(), line.size() - full.size() - 1);
  const auto is_number
    = number.size() <= most_digits
      && std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? number : std::string_view{};
}

} // namespace

std::string greeting() {
  return std::string{welcome};
}

std::string greeting_when_full(std::size_t links) {
  return fmt::format("{}{}\n", full, links);
}

failure refusal_in(std::string_view line) {
  if (line == welcome)
    return {};
  if (const auto links = links_in(line); !links.empty())
    return {
      failure_code::server_busy, 0,
      fmt::format("all of its {} links are in use, one by each `fleetcast fleet` command that "
                  "talks to it. Wait until one of these has ended, or end one that is not "
                  "needed any more",
                  links)};
  return {failure_code::handshake_failed, 0,
          "it does not speak as an agent of this version; is `fleetcast agent` on that port?"};
}

} // namespace fleetcast::actors::fleet
