#include "apps/manual/cli_entry.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string_view>

namespace fleetcast::apps::manual {

namespace {

using std::string_view;

/// "each|together"; nothing unless all parts are words that can be typed as they stand.
std::vector<std::string> alternatives(string_view text, char between) {
  std::vector<std::string> result;
  std::istringstream parts{std::string{text}};
  for (std::string part; std::getline(parts, part, between);) {
    const auto is_typed = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_typed))
      return {};
    result.push_back(part);
  }
  return result.size() > 1 ? result : std::vector<std::string>{};
}

/// What the checks of an option say of its values.
std::vector<std::string> checks_of(CLI::Option& option) {
  std::vector<std::string> result;
  try {
    for (int i = 0;; ++i)
      result.push_back(option.get_validator(i)->get_description());
  } catch (const CLI::OptionNotFound&) { // CLI11 does not say how many there are
    return result;
  }
}

/// The name of the value alone: CLI11 puts what the checks say behind it.
std::string value_name(const CLI::Option& option, const std::vector<std::string>& checks) {
  auto result = option.get_type_name();
  for (auto left = checks.size(); left > 0; --left) {
    const auto& check = checks[left - 1];
    if (!check.empty() && result.ends_with(":" + check))
      result.resize(result.size() - check.size() - 1);
  }
  return result;
}

void apply_check(option_entry& entry, const std::string& check) {
  if (check.starts_with('{') && check.ends_with('}'))
    entry.choices = alternatives(string_view{check}.substr(1, check.size() - 2), ',');
  else if (auto words = alternatives(check, '|'); !words.empty())
    entry.choices = std::move(words);
  constexpr string_view begin = " in [";
  if (const auto at = check.find(begin); at != std::string::npos && check.ends_with(']'))
    entry.range = check.substr(at + begin.size(), check.size() - at - begin.size() - 1);
}

struct known_value {
  string_view name;
  value_kind kind;
};

/// By what the options call their values.
constexpr std::array known_values{
  known_value{"FILE", value_kind::file},
  known_value{"FILE|LIST", value_kind::file},
  known_value{"DEST", value_kind::file},
  known_value{"[NAMESPACE=]FILE", value_kind::file},
  known_value{"DIR", value_kind::directory},
  known_value{"NAME=DIR", value_kind::directory},
  known_value{"PROGRAM", value_kind::program},
  known_value{"SERVER/NAMESPACE/OBJECT", value_kind::object},
  known_value{"SERVER[/NAMESPACE[/PREFIX]]", value_kind::object},
  known_value{"IFACE", value_kind::interface},
  known_value{"IFACE|ADDR", value_kind::interface},
};

value_kind kind_of(const option_entry& entry) {
  if (!entry.choices.empty())
    return value_kind::choice;
  const auto has_name = [&](const char* name) {
    return std::find(entry.names.begin(), entry.names.end(), name) != entry.names.end();
  };
  if (has_name("--job"))
    return value_kind::job;
  for (const auto& known : known_values)
    if (known.name == entry.value)
      return known.kind;
  return value_kind::word;
}

/// In the order in which they were added to the command, which is the same in each run.
std::vector<std::string> names_of(CLI::App& command, const std::set<CLI::Option*>& options) {
  std::vector<std::string> result;
  for (auto* option : command.get_options(nullptr))
    if (options.count(option) > 0)
      result.push_back(option->get_name());
  return result;
}

void describe_value(option_entry& entry, CLI::Option& option) {
  const auto checks = checks_of(option);
  entry.value = value_name(option, checks);
  if (auto words = alternatives(entry.value, '|'); !words.empty())
    entry.choices = std::move(words);
  for (const auto& check : checks)
    apply_check(entry, check);
  if (!entry.choices.empty()) {
    entry.value.clear();
    for (const auto& choice : entry.choices)
      entry.value += (entry.value.empty() ? "" : "|") + choice;
  }
  entry.kind = kind_of(entry);
  entry.standard = option.get_default_str();
  entry.is_repeatable = option.get_expected_max() == CLI::detail::expected_max_vector_size;
}

option_entry describe(CLI::App& command, CLI::Option& option) {
  option_entry result;
  for (const auto& name : option.get_snames())
    result.names.push_back("-" + name);
  for (const auto& name : option.get_lnames())
    result.names.push_back("--" + name);
  result.text = option.get_description();
  result.is_required = option.get_required();
  result.needs = names_of(command, option.get_needs());
  result.excludes = names_of(command, option.get_excludes());
  if (option.get_items_expected_max() != 0) // else a flag
    describe_value(result, option);
  if (option.get_positional() && (result.value.empty() || result.value == "TEXT"))
    result.value = option.get_name(true);
  return result;
}

} // namespace

command_entry entry_of(CLI::App& command) {
  command_entry result;
  for (const auto* at = &command; at != nullptr; at = at->get_parent())
    result.words.insert(result.words.begin(), at->get_name());
  result.summary = command.get_description();
  result.story = command.get_footer();
  for (auto* option : command.get_options(nullptr))
    if (!option->get_group().empty()) // else it is hidden from --help, too
      (option->get_positional() ? result.values : result.options)
        .push_back(describe(command, *option));
  result.is_group = command.get_require_subcommand_min() > 0;
  for (auto* below : command.get_subcommands(nullptr))
    result.commands.push_back(entry_of(*below));
  return result;
}

} // namespace fleetcast::apps::manual
