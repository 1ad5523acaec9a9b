#include "apps/fleetcast/serve/serve_settings.hpp"

#include "actors/serve/authorization.hpp"
#include "apps/fleetcast/serve/server_file.hpp"
#include "protocol/edit_distance.hpp"
#include "protocol/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

namespace fleetcast::apps {

namespace {

using protocol::failure;
using protocol::failure_code;

failure misuse(std::string text) {
  return {failure_code::invalid_argument, 0, std::move(text)};
}

/// "max_rate" for --max-rate.
std::string key_of(const CLI::Option& option) {
  auto result = option.get_lnames().front();
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

/// What CLI11 says of a value, without the name that it puts in front.
std::string without_name(const std::string& said, const CLI::Option& option) {
  const auto name = option.get_name() + ": ";
  return said.starts_with(name) ? said.substr(name.size()) : said;
}

/// A list of clients is replaced by one for the same namespace only: else a flag for one namespace would open the others.
bool is_for_same(std::string_view list, std::string_view other) {
  return actors::parse_list(list).name_space == actors::parse_list(other).name_space;
}

/// A rate and how to find one are one decision.
bool is_about_rate(const std::string& option) {
  return option == "--rate" || option == "--rate-policy";
}

/// What is left of a setting of the file beside the flags.
std::vector<std::string> left_of(const file_setting& setting, const std::string& option,
                                 const option_values& flags) {
  const auto given = [&](const std::string& name) { return flags.count(name) > 0; };
  if (setting.is_of_namespace && given("--namespace"))
    return {};
  if (is_about_rate(option) && (given("--rate") || given("--rate-policy")))
    return {};
  if (!given(option))
    return setting.values;
  if (option != "--authorized")
    return {};
  auto result = setting.values;
  for (const auto& flag : flags.at(option))
    std::erase_if(result, [&](const std::string& list) { return is_for_same(list, flag); });
  return result;
}

/// Names that are this close may have been meant.
constexpr std::size_t near = 3;

/// What of an unknown name is shown.
constexpr std::size_t shown_of_name = 60;

bool is_setting(const CLI::App& command, const CLI::Option* option) {
  return option != command.get_help_ptr() && !option->get_lnames().empty()
         && option->get_lnames().front() != "config";
}

/// A command line of its own for the settings, since CLI11 keeps what it was told.
class settings_table {
public:
  settings_table() {
    add_serve_options(command_, result_.arguments);
    for (auto* option : command_.get_options(nullptr))
      if (is_setting(command_, option))
        options_.emplace(key_of(*option), option);
  }

  /// The flags were checked when the command line was parsed.
  void take(const option_values& flags) {
    for (auto& [key, option] : options_)
      if (const auto given = flags.find(option->get_name()); given != flags.end())
        give(*option, given->second);
  }

  /// Where the flags said nothing.
  failure take(const std::string& file, const std::vector<file_setting>& settings) {
    const auto flags = result_.values;
    for (auto setting : settings) {
      const auto found = options_.find(setting.key);
      if (found == options_.end())
        return misuse(place_in(file, setting.line) + unknown(setting.key));
      setting.values = left_of(setting, found->second->get_name(), flags);
      if (setting.values.empty())
        continue;
      if (auto wrong = take(file, setting, *found->second); wrong)
        return wrong;
    }
    return {};
  }

  settled result() {
    result_.arguments.is_policy_given = result_.values.count("--rate-policy") > 0;
    return std::move(result_);
  }

private:
  void give(CLI::Option& option, const std::vector<std::string>& values) {
    for (const auto& value : values)
      option.add_result(value);
    option.run_callback();
    auto& all = result_.values[option.get_name()];
    all.insert(all.end(), values.begin(), values.end());
  }

  failure take(const std::string& file, const file_setting& setting, CLI::Option& option) {
    const auto wrong = [&](const std::string& why) {
      return misuse(place_in(file, setting.line) + setting.key + " is not understood: " + why);
    };
    const bool is_flag = option.get_items_expected_max() == 0;
    if (is_flag && setting.values != std::vector<std::string>{"true"}
        && setting.values != std::vector<std::string>{"false"})
      return wrong("expected true or false");
    if (is_flag && setting.values.front() == "false")
      return {};
    if (!is_flag && setting.values.size() > 1 && option.get_expected_max() == 1)
      return wrong("expected one value, not a list");
    try {
      give(option, setting.values);
    } catch (const CLI::Error& e) {
      return wrong(without_name(e.what(), option));
    }
    return {};
  }

  std::string unknown(const std::string& key) const {
    const auto nearest
      = std::min_element(options_.begin(), options_.end(), [&](const auto& a, const auto& b) {
          return protocol::edit_distance(key, a.first) < protocol::edit_distance(key, b.first);
        });
    const auto text = "there is no setting '" + protocol::outside_text(key, shown_of_name) + "'";
    return protocol::edit_distance(key, nearest->first) > near
             ? text + "; `man fleetcast-serve` lists them all"
             : text + ". The nearest is '" + nearest->first + "'";
  }

  settled result_;
  CLI::App command_;
  std::map<std::string, CLI::Option*> options_;
};

} // namespace

option_values given_on(const CLI::App& command) {
  option_values result;
  for (const auto* option : command.get_options())
    if (is_setting(command, option) && option->count() > 0)
      result.emplace(option->get_name(), option->results());
  return result;
}

tl::expected<settled, failure> serve_settings::settle() const {
  settings_table all;
  all.take(flags_);
  if (!file_.empty()) {
    const auto settings = read_server_file(file_);
    if (!settings)
      return tl::unexpected{settings.error()};
    if (auto wrong = all.take(file_, *settings))
      return tl::unexpected{std::move(wrong)};
  }
  auto result = all.result();
  if (result.arguments.namespaces.empty())
    return tl::unexpected{misuse(
      file_.empty()
        ? "there is nothing to offer: say --namespace NAME=DIR, or --config FILE"
        : file_
            + " offers nothing: write [namespace.lab], for example, and below it directory = "
              "\"/srv/images\"")};
  return result;
}

std::vector<std::string> differences(const option_values& before, const option_values& after) {
  std::vector<std::string> result;
  auto all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [name, values] : all) {
    const auto old = before.find(name);
    const auto now = after.find(name);
    if (old == before.end() || now == after.end() || old->second != now->second)
      result.push_back(name);
  }
  return result;
}

} // namespace fleetcast::apps
