#include "apps/manual/command_entry.hpp"

namespace fleetcast::apps::manual {

std::string joined(const command_entry& command, char between) {
  std::string result;
  for (const auto& word : command.words)
    result += (result.empty() ? "" : std::string(1, between)) + word;
  return result;
}

std::vector<const command_entry*> all_of(const command_entry& command) {
  std::vector<const command_entry*> result{&command};
  for (const auto& below : command.commands)
    for (const auto* one : all_of(below))
      result.push_back(one);
  return result;
}

} // namespace fleetcast::apps::manual
