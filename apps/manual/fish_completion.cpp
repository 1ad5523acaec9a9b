#include "apps/manual/completion.hpp"
#include "apps/manual/shell_words.hpp"

#include <string>

namespace fleetcast::apps::manual {

namespace {

/// The words behind the program's name.
std::string path_of(const command_entry& command) {
  std::string result;
  for (const auto& word : command.words)
    if (&word != &command.words.front())
      result += (result.empty() ? "" : " ") + word;
  return result;
}

std::string known_paths(const command_entry& program) {
  std::string result;
  for (const auto* one : all_of(program))
    if (one != &program)
      result += " " + fish_quoted(path_of(*one));
  return result;
}

std::string begin_of(const command_entry& command) {
  const auto program = command.words.front();
  return "complete -c " + program + " -n "
         + fish_quoted("__" + program + "_is " + fish_quoted(path_of(command)));
}

std::string value_flags(const option_entry& option) {
  switch (option.kind) {
    case value_kind::none:
      return "";
    case value_kind::choice:
      return " -x -a " + fish_quoted(spaced(option.choices));
    case value_kind::file:
      return " -r -F";
    case value_kind::directory:
      return " -x -a '(__fish_complete_directories)'";
    case value_kind::program:
      return " -x -a '(__fish_complete_command)'";
    case value_kind::interface:
      return " -x -a '(__fish_print_interfaces)'";
    case value_kind::job:
      return " -x -a '(fleetcast fleet jobs 2>/dev/null | string split -f 1 \" \")'";
    case value_kind::object:
      return " -x -a '(__fleetcast_objects)'";
    default:
      return " -x";
  }
}

std::string line_of(const command_entry& command, const option_entry& option) {
  std::string result = begin_of(command);
  for (const auto& name : option.names)
    result += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return result + value_flags(option) + " -d " + fish_quoted(short_text(option.text)) + "\n";
}

/// Files only where something that stands alone is one.
std::string lines_of(const command_entry& command) {
  bool takes_file = false;
  bool takes_object = false;
  for (const auto& value : command.values) {
    takes_file = takes_file || value.kind == value_kind::file;
    takes_object = takes_object || value.kind == value_kind::object;
  }
  std::string result = takes_file ? "" : begin_of(command) + " -f\n";
  if (takes_object)
    result += begin_of(command) + " -a '(__fleetcast_objects)'\n";
  for (const auto& one : command.commands)
    result += begin_of(command) + " -f -a " + one.words.back() + " -d "
              + fish_quoted(short_text(one.summary)) + "\n";
  for (const auto& option : command.options)
    result += line_of(command, option);
  return result;
}

std::string test_function(const command_entry& program) {
  const auto name = program.words.front();
  return "# Whether these words lead to the command that is being typed.\nfunction __" + name
         + "_is\n    set -l path\n    for word in (commandline -opc)[2..-1]\n"
           "        set -l longer (string trim -- \"$path $word\")\n"
           "        contains -- $longer"
         + known_paths(program)
         + "; and set path $longer\n    end\n    test \"$path\" = \"$argv\"\nend\n\n";
}

constexpr const char* fish_objects_function = R"sh(# What a known server offers, by its address.
function __fleetcast_objects
    set -l auth
    contains -- --auth (commandline -opc); or contains -- -a (commandline -opc); and set auth --auth
    fleetcast list --complete $auth -- (commandline -ct) 2>/dev/null </dev/null
end

)sh";

} // namespace

std::string fish_completion(const command_entry& program) {
  std::string result = "# fish completion for " + program.words.front()
                       + ", written by its own tables of options when it was built.\n\n"
                       + test_function(program) + fish_objects_function;
  for (const auto* one : all_of(program))
    result += lines_of(*one);
  return result;
}

} // namespace fleetcast::apps::manual
