#include "apps/manual/completion.hpp"
#include "apps/manual/shell_words.hpp"

#include <fmt/core.h>

#include <string>
#include <vector>

namespace fleetcast::apps::manual {

namespace {

/// "Server:", "Progress": without the mark before them, with the colon where a value follows.
std::vector<std::string> bare_names(const command_entry& program) {
  std::vector<std::string> result;
  for (const auto& option : program.options)
    for (const auto& name : option.names)
      result.push_back(name.substr(1));
  return result;
}

/// Of options whose value is a file: "DestinationFile", for a case without regard to capitals.
std::vector<std::string> file_options(const command_entry& program) {
  std::vector<std::string> result;
  for (const auto& option : program.options)
    if (option.kind == value_kind::file)
      for (const auto& name : option.names)
        result.push_back(name.substr(1, name.size() - 2));
  return result;
}

std::string alternatives(const std::vector<std::string>& words, const char* between) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : between) + word;
  return result;
}

constexpr const char* bash_code
  = R"(# bash completion for {0}, written by its own tables of options when it was built.
# shellcheck shell=bash

_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} mark name
  local owner=${{COMP_WORDS[COMP_CWORD - 2]}}
  COMPREPLY=()
  # ":" is a word of its own.
  if [[ $current == : ]]; then
    owner=$before before=: current=''
  fi
  if [[ $before == : ]]; then
    shopt -q nocasematch || trap 'shopt -u nocasematch; trap - RETURN' RETURN
    shopt -s nocasematch
    if [[ $owner =~ ^(/|--?)({1})$ ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi
  mark=/
  if [[ $current =~ ^(/|--?) ]]; then mark=${{BASH_REMATCH[1]}}; fi
  name=${{current#"$mark"}}
  mapfile -t COMPREPLY < <(IFS=' ' && compgen -W '{2}' -P "$mark" -- "$name")
  if [[ ${{COMPREPLY[0]}} == *: ]]; then compopt -o nospace 2>/dev/null; fi
}}

complete -F _{0} {0}
)";

constexpr const char* zsh_code = R"(#compdef {0}
# Written by the program's own tables of options when it was built.

_{0}() {{
  local -a flags valued
  if compset -P '(#i)(/|-|--)({1}):'; then
    _files
    return
  fi
  flags=({2})
  valued=({3})
  compadd -M 'm:{{a-zA-Z}}={{A-Za-z}}' -- $flags
  compadd -M 'm:{{a-zA-Z}}={{A-Za-z}}' -S '' -- $valued
}}

_{0} "$@"
)";

/// Flags, or options with a value, in quotes.
std::string quoted_names(const command_entry& program, bool has_value) {
  std::string result;
  for (const auto& option : program.options)
    for (const auto& name : option.names)
      if (name.ends_with(':') == has_value)
        result += (result.empty() ? "" : " ") + sh_quoted(name);
  return result;
}

} // namespace

std::string bash_colon_completion(const command_entry& program) {
  return fmt::format(bash_code, program.words.front(), alternatives(file_options(program), "|"),
                     spaced(bare_names(program)));
}

std::string zsh_colon_completion(const command_entry& program) {
  return fmt::format(zsh_code, program.words.front(), alternatives(file_options(program), "|"),
                     quoted_names(program, false), quoted_names(program, true));
}

std::string fish_colon_completion(const command_entry& program) {
  const auto name = program.words.front();
  std::string result = "# fish completion for " + name
                       + ", written by its own tables of options when it was built.\n\n";
  for (const auto& option : program.options)
    for (const auto& one : option.names)
      result += "complete -c " + name + " -a " + fish_quoted(one) + " -d "
                + fish_quoted(short_text(option.text)) + "\n";
  return result;
}

} // namespace fleetcast::apps::manual
