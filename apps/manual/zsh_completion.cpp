#include "apps/manual/completion.hpp"
#include "apps/manual/shell_words.hpp"

#include <string>

namespace fleetcast::apps::manual {

namespace {

/// _fleetcast_fleet_get
std::string function_of(const command_entry& command) {
  return "_" + joined(command, '_');
}

/// What _arguments calls to complete a value.
std::string action_of(const option_entry& option) {
  switch (option.kind) {
    case value_kind::choice:
      return "(" + spaced(option.choices) + ")";
    case value_kind::file:
      return "_files";
    case value_kind::directory:
      return "_files -/";
    case value_kind::program:
      return "_command_names -e";
    case value_kind::interface:
      return "_net_interfaces";
    case value_kind::job:
      return "{compadd -- ${(f)\"$($words[1] fleet jobs 2>/dev/null | cut -d \" \" -f 1)\"}}";
    case value_kind::object:
      return "_fleetcast_objects";
    default:
      return " ";
  }
}

/// ":IFACE:_net_interfaces"; nothing where there is no value.
std::string value_action(const option_entry& option) {
  return option.kind == value_kind::none
           ? ""
           : ":" + zsh_escaped(option.value) + ":" + action_of(option);
}

std::string spec_of(const option_entry& option, const std::string& name) {
  const auto others = option.is_repeatable ? "*" : "(" + spaced(option.names) + ")";
  const auto value = option.kind == value_kind::none ? "" : name.starts_with("--") ? "=" : "+";
  return sh_quoted(others + name + value + "[" + zsh_escaped(short_text(option.text)) + "]"
                   + value_action(option));
}

std::string positional_of(const option_entry& option) {
  return sh_quoted((option.is_repeatable ? "*:"
                    : option.is_required ? ":"
                                         : "::")
                   + zsh_escaped(option.value) + ":" + action_of(option));
}

std::string options_of(const command_entry& command) {
  std::string result;
  for (const auto& option : command.options)
    for (const auto& name : option.names)
      result += " \\\n    " + spec_of(option, name);
  for (const auto& value : command.values)
    result += " \\\n    " + positional_of(value);
  return result;
}

std::string leaf(const command_entry& command) {
  return function_of(command) + "() {\n  _arguments -s -S" + options_of(command) + "\n}\n\n";
}

std::string group(const command_entry& command) {
  std::string described;
  std::string calls;
  for (const auto& one : command.commands) {
    described += "\n        " + sh_quoted(one.words.back() + ":" + one.summary);
    calls += "        " + one.words.back() + ") " + function_of(one) + " ;;\n";
  }
  return function_of(command) + "() {\n  local state line\n  local -a commands\n  _arguments -C"
         + options_of(command)
         + " \\\n    '1: :->command' \\\n    '*:: :->rest'\n  case $state in\n"
         + "    command)\n      commands=(" + described
         + ")\n      _describe -t commands command commands\n      ;;\n    rest)\n"
         + "      case $line[1] in\n" + calls + "      esac\n      ;;\n  esac\n}\n\n";
}

constexpr const char* zsh_objects_function = R"sh(# What a known server offers, by its address.
_fleetcast_objects() {
  local -a auth found
  if ((${words[(I)(--auth|-a)]})); then auth=(--auth); fi
  found=(${(f)"$(fleetcast list --complete $auth -- $PREFIX 2>/dev/null </dev/null)"})
  compadd -S '' -- ${(M)found:#*/}
  compadd -- ${found:#*/}
}

)sh";

} // namespace

std::string zsh_completion(const command_entry& program) {
  std::string result = "#compdef " + program.words.front()
                       + "\n# Written by the program's own tables of options when it was built.\n\n"
                       + zsh_objects_function;
  for (const auto* one : all_of(program))
    result += one->commands.empty() ? leaf(*one) : group(*one);
  return result + function_of(program) + " \"$@\"\n";
}

} // namespace fleetcast::apps::manual
