#include "apps/manual/wdsmcast_entry.hpp"

#include "apps/wdsmcast/command_line.hpp"
#include "apps/wdsmcast/help.hpp"

namespace fleetcast::apps::manual {

namespace {

option_entry entry_of(const option_words& option) {
  option_entry result;
  result.names.push_back("/" + std::string{option.name} + (option.value.empty() ? "" : ":"));
  result.value = option.value;
  result.text = option.text;
  result.is_required = option.is_required;
  if (option.value == "<path>" || option.value == "<file>")
    result.kind = value_kind::file;
  else if (!option.value.empty())
    result.kind = value_kind::word;
  return result;
}

} // namespace

command_entry wdsmcast_entry() {
  command_entry result;
  result.words = {"wdsmcast"};
  result.summary = wdsmcast_summary;
  result.story = std::string{"Case makes no difference in the names of options, nor does their "
                             "order; `-` and `--` do as well as `/`. Put an argument in quotes if "
                             "it holds spaces.\n\n"}
                 + wdsmcast_story;
  for (const auto& option : wdsmcast_options())
    result.options.push_back(entry_of(option));
  return result;
}

} // namespace fleetcast::apps::manual
