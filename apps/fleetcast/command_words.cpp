#include "apps/fleetcast/command_words.hpp"

#include "protocol/edit_distance.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace fleetcast::apps {

namespace {

std::vector<std::string> names_in(const CLI::App& group) {
  std::vector<std::string> result;
  for (const auto* command : group.get_subcommands({}))
    result.push_back(command->get_name());
  return result;
}

/// ". Did you mean "serve"?", or a list of all commands.
std::string advice(const std::string& word, const std::vector<std::string>& names) {
  const auto nearest
    = std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return protocol::edit_distance(word, a) < protocol::edit_distance(word, b);
      });
  if (nearest != names.end() && protocol::edit_distance(word, *nearest) <= 2)
    return ". Did you mean \"" + *nearest + "\"?";
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : ", ") + name;
  return ". Commands: " + all;
}

const CLI::App* find(const CLI::App& group, const std::string& name) {
  for (const auto* command : group.get_subcommands({}))
    if (command->get_name() == name)
      return command;
  return nullptr;
}

} // namespace

std::optional<std::string> misled(const CLI::App& program, const std::vector<std::string>& words) {
  const auto* at = &program;
  std::string path = program.get_name();
  for (const auto& word : words) {
    if (word.starts_with('-') || names_in(*at).empty())
      return std::nullopt; // an option may be --help; the parser knows about the rest
    const auto* next = find(*at, word);
    if (next == nullptr)
      return fmt::format("{}: there is no command \"{}\"{}", path, word,
                         advice(word, names_in(*at)));
    at = next;
    path += " " + word;
  }
  if (names_in(*at).empty() || at->get_require_subcommand_min() == 0)
    return std::nullopt; // it does something by itself
  return fmt::format("{}: say which command{}", path, advice({}, names_in(*at)));
}

std::vector<std::string> with_help_as_option(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

} // namespace fleetcast::apps
