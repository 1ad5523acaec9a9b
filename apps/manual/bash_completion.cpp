#include "apps/manual/completion.hpp"
#include "apps/manual/shell_words.hpp"

#include <string>
#include <vector>

namespace fleetcast::apps::manual {

namespace {

/// The names of a value's kind, between the table and the functions below.
const char* kind_word(value_kind kind) {
  switch (kind) {
    case value_kind::file:
      return "file";
    case value_kind::directory:
      return "directory";
    case value_kind::program:
      return "program";
    case value_kind::interface:
      return "interface";
    case value_kind::job:
      return "job";
    default:
      return "word";
  }
}

/// 'fleetcast serve' | 'fleetcast get'
std::string pattern(const std::vector<std::string>& alternatives) {
  std::string result;
  for (const auto& one : alternatives)
    result += (result.empty() ? "" : " | ") + sh_quoted(one);
  return result;
}

std::string option_names(const command_entry& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return spaced(names);
}

std::string command_names(const command_entry& command) {
  std::vector<std::string> names;
  for (const auto& one : command.commands)
    names.push_back(one.words.back());
  return spaced(names);
}

/// A `case` over the commands: which words they take.
std::string words_table(const command_entry& program) {
  std::string result;
  for (const auto* one : all_of(program)) {
    const auto path = joined(*one, ' ');
    result += "    " + sh_quoted(path) + ")\n      commands=" + sh_quoted(command_names(*one))
              + "\n      options=" + sh_quoted(option_names(*one)) + "\n";
    for (const auto& value : one->values)
      if (value.kind != value_kind::word)
        result += "      values=" + sh_quoted(kind_word(value.kind)) + "\n";
    result += "      ;;\n";
  }
  return result;
}

/// What follows an option: a kind, or the words themselves.
std::string values_table(const command_entry& program) {
  std::string result;
  for (const auto* one : all_of(program))
    for (const auto& option : one->options) {
      if (option.kind == value_kind::none)
        continue;
      std::vector<std::string> cases;
      for (const auto& name : option.names)
        cases.push_back(joined(*one, ' ') + " " + name);
      const auto what = option.kind == value_kind::choice
                          ? "kind=choice choices=" + sh_quoted(spaced(option.choices))
                          : std::string{"kind="} + kind_word(option.kind);
      result += "    " + pattern(cases) + ") " + what + " ;;\n";
    }
  return result;
}

std::vector<std::string> paths_below(const command_entry& program) {
  std::vector<std::string> result;
  for (const auto* one : all_of(program))
    if (one != &program)
      result.push_back(joined(*one, ' '));
  return result;
}

/// Of a program by the name @.
constexpr const char* code_for_values = R"sh(
# _@_offer KIND CHOICES WORD: what a value can be.
_@_offer() {
  local IFS=$'\n'
  case $1 in
    choice) mapfile -t COMPREPLY < <(IFS=' ' && compgen -W "$2" -- "$3") ;;
    file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$3")
      ;;
    directory)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$3")
      ;;
    program) mapfile -t COMPREPLY < <(compgen -c -- "$3") ;;
    interface) mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$3") ;;
    job)
      mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" fleet jobs 2>/dev/null | cut -d ' ' -f 1)" -- "$3")
      ;;
  esac
}
)sh";

constexpr const char* code_for_program = R"sh(
_@() {
  local path=@ word i kind='' choices='' commands='' options='' values='' equals=''
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    _@_is_command "$path ${COMP_WORDS[i]}" && path+=" ${COMP_WORDS[i]}"
  done
  # "=" is a word of its own: in --option=value, and in NAME=DIR behind an option.
  i=$((COMP_CWORD - 1))
  if [[ $current == = ]]; then
    current='' equals=yes
  elif [[ $before == = ]]; then
    i=$((i - 1)) equals=yes
  fi
  if [[ -n $equals && ${COMP_WORDS[i]} != -* ]]; then i=$((i - 1)); fi
  if [[ ${COMP_WORDS[i]} == = ]]; then i=$((i - 1)); fi
  word=${COMP_WORDS[i]}
  _@_value "$path $word"
  if [[ -n $kind ]]; then
    _@_offer "$kind" "$choices" "$current"
    return
  fi
  _@_words "$path"
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -n $commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  elif [[ -n $values ]]; then
    _@_offer "$values" '' "$current"
  fi
}
)sh";

std::string named(std::string text, const std::string& program) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + program.size()))
    text.replace(at, 1, program);
  return text;
}

} // namespace

std::string bash_completion(const command_entry& program) {
  const auto name = program.words.front();
  std::string result = "# bash completion for " + name
                       + ", written by its own tables of options when it was built.\n"
                         "# shellcheck shell=bash disable=SC2034\n\n";
  result += "_" + name + "_is_command() {\n  case $1 in\n    " + pattern(paths_below(program))
            + ") return 0 ;;\n    *) return 1 ;;\n  esac\n}\n\n";
  result += "_" + name + "_words() {\n  case $1 in\n" + words_table(program) + "  esac\n}\n\n";
  result += "_" + name + "_value() {\n  case $1 in\n" + values_table(program) + "  esac\n}\n";
  return result + named(std::string{code_for_values} + code_for_program, name) + "\ncomplete -F _"
         + name + " " + name + "\n";
}

} // namespace fleetcast::apps::manual
