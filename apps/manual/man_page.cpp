#include "apps/manual/man_page.hpp"

#include "apps/manual/exit_codes.hpp"
#include "apps/manual/roff.hpp"
#include "apps/manual/story.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace fleetcast::apps::manual {

namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// As `whatis` lists it: no sentence, and the program's name stands before it already.
std::string what_is(const command_entry& command) {
  auto result = command.summary;
  if (!result.empty())
    result[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(result[0])));
  const auto name = command.words.front() + " ";
  if (result.starts_with(name))
    result.erase(0, name.size());
  if (result.ends_with('.'))
    result.pop_back();
  std::erase(result, '`'); // whatis shows text as it is
  return result;
}

std::string head(const command_entry& command, const man_edition& edition) {
  const auto name = joined(command, '-');
  return ".TH " + upper(name) + " 1 \"" + edition.date + "\" \"fleetcast "
         + roff_literal(edition.version) + "\" \"User Commands\"\n.SH NAME\n" + roff_literal(name)
         + " \\- " + roff_literal(what_is(command)) + "\n";
}

// -- the options --------------------------------------------------------------------------------------

/// Values behind a colon stand beside it: "/Server:<name>".
std::string with_value(const option_entry& option, const std::string& name) {
  if (option.value.empty())
    return roff_bold(name);
  return roff_bold(name) + (name.ends_with(':') ? "" : " ") + roff_italic(option.value);
}

/// "-i, --interface IFACE"
std::string names_of(const option_entry& option) {
  if (option.names.empty())
    return roff_italic(option.value);
  std::string result;
  for (const auto& name : option.names)
    result += (result.empty() ? "" : ", ")
              + (&name == &option.names.back() ? with_value(option, name) : roff_bold(name));
  return result;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "`" : ", `") + name + "`";
  return result;
}

/// What the table knows beyond its sentence.
std::string facts_of(const option_entry& option) {
  std::string result;
  if (option.is_required && !option.names.empty())
    result += " Required.";
  if (!option.range.empty()) {
    const auto dash = option.range.find(" - ");
    result += " From " + option.range.substr(0, dash) + " to "
              + (dash == std::string::npos ? "" : option.range.substr(dash + 3)) + ".";
  }
  if (!option.standard.empty())
    result += " Default: " + option.standard + ".";
  if (!option.needs.empty())
    result += " Needs " + list_of(option.needs) + ".";
  if (!option.excludes.empty())
    result += " Not together with " + list_of(option.excludes) + ".";
  return result;
}

std::string sentence(const std::string& text) {
  return text.empty() || text.ends_with('.') ? text : text + ".";
}

std::string entries(const std::vector<option_entry>& options) {
  std::string result;
  for (const auto& option : options)
    result += ".TP\n" + names_of(option) + "\n"
              + roff_paragraph(sentence(option.text) + facts_of(option));
  return result;
}

// -- the sections -------------------------------------------------------------------------------------

std::string section(const std::string& name, const std::string& text) {
  return text.empty() ? "" : ".SH " + name + "\n" + text;
}

std::string synopsis(const command_entry& command) {
  std::string result = roff_bold(joined(command, ' '));
  if (!command.options.empty())
    result += " [" + roff_italic("OPTION") + "]...";
  for (const auto& option : command.options)
    if (option.is_required)
      result += " " + with_value(option, option.names.back());
  for (const auto& value : command.values) {
    const auto name = roff_italic(value.value) + (value.is_repeatable ? "..." : "");
    result += " " + (value.is_required ? name : "[" + name + "]");
  }
  if (!command.commands.empty()) {
    const auto below = roff_italic("COMMAND") + " ...";
    result += command.is_group ? " " + below : " [" + below + "]";
  }
  return result + "\n";
}

std::string as_it_stands(const std::string& text) {
  std::istringstream lines{text};
  std::string result = ".RS 4\n.nf\n";
  for (std::string line; std::getline(lines, line);)
    result += roff_literal(line) + "\n";
  return result + ".fi\n.RE\n";
}

std::string text_of(const std::vector<story_part>& parts) {
  std::string result;
  for (const auto& part : parts)
    result += (result.empty() ? "" : ".PP\n")
              + (part.is_as_it_stands ? as_it_stands(part.text) : roff_paragraph(part.text));
  return result;
}

std::string exit_status(const std::vector<story_part>& parts) {
  if (parts.size() != 1)
    return text_of(parts);
  std::string result;
  for (const auto& one : exit_codes_of(parts.front().text))
    result += ".TP\n" + roff_bold(one.codes) + "\n" + roff_paragraph(sentence(one.text));
  return result.empty() ? text_of(parts) : result;
}

std::string description(const command_entry& command, const story_sections& story) {
  const auto is_whole = command.summary.ends_with('.');
  const auto first = is_whole || story.description.empty()
                       ? roff_paragraph(sentence(command.summary))
                       : std::string{};
  const auto rest = text_of(story.description);
  return first.empty() || rest.empty() ? first + rest : first + ".PP\n" + rest;
}

std::string page_name(const command_entry& command) {
  return roff_bold(joined(command, '-')) + "(1)";
}

std::string commands_of(const command_entry& command) {
  std::string result;
  for (const auto& one : command.commands)
    result += ".TP\n" + page_name(one) + "\n" + roff_paragraph(sentence(one.summary));
  return result;
}

/// What --help says, to look for names in.
std::string all_text(const command_entry& command) {
  auto result = command.story;
  for (const auto* options : {&command.options, &command.values})
    for (const auto& option : *options)
      result += "\n" + option.text;
  return result;
}

/// Whether `text` goes on at `end` with a word, or with a command below: then it speaks of something else.
bool goes_on(const std::string& text, std::size_t end, const command_entry& command) {
  if (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end])) != 0)
    return true;
  return std::any_of(command.commands.begin(), command.commands.end(), [&](const auto& below) {
    const auto word = " " + below.words.back();
    return text.compare(end, word.size(), word) == 0;
  });
}

bool mentions(const std::string& text, const command_entry& command) {
  const auto words = joined(command, ' ');
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1))
    if (!goes_on(text, at + words.size(), command))
      return true;
  return false;
}

bool is_parent(const command_entry& one, const command_entry& other) {
  return one.words.size() < other.words.size()
         && std::equal(one.words.begin(), one.words.end(), other.words.begin());
}

/// Pages of commands above it, below it, and of those that the text speaks of.
std::string see_also(const command_entry& command, const command_entry& program) {
  const auto text = all_text(command);
  std::string result;
  for (const auto* one : all_of(program)) {
    if (one->words == command.words)
      continue;
    const auto is_below = is_parent(command, *one) && one->words.size() == command.words.size() + 1;
    if (is_parent(*one, command) || is_below || (one->words.size() > 1 && mentions(text, *one)))
      result += (result.empty() ? "" : ",\n") + page_name(*one);
  }
  return result.empty() ? "" : result + "\n";
}

} // namespace

std::string man_page(const command_entry& command, const command_entry& program,
                     const man_edition& edition) {
  const auto story = sections_of(command.story);
  return ".\\\" Written by the program's own tables of options, when it was built.\n"
         + head(command, edition) + section("SYNOPSIS", synopsis(command))
         + section("DESCRIPTION", description(command, story))
         + section("COMMANDS", commands_of(command)) + section("ARGUMENTS", entries(command.values))
         + section("OPTIONS", entries(command.options))
         + section("EXAMPLES", text_of(story.examples))
         + section("EXIT STATUS", exit_status(story.exit_codes))
         + section("SEE ALSO", see_also(command, program));
}

std::string man_file(const command_entry& command) {
  return joined(command, '-') + ".1";
}

} // namespace fleetcast::apps::manual
