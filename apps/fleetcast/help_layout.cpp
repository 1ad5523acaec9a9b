#include "apps/fleetcast/help_layout.hpp"

#include <sstream>

namespace fleetcast::apps {

namespace {

/// Where descriptions begin.
constexpr std::size_t description_column = 26;

/// The characters of UTF-8 text; each takes a column in ours.
std::size_t width_of(std::string_view text) {
  std::size_t result = 0;
  for (const unsigned char byte : text)
    result += (byte & 0xc0U) != 0x80U ? 1 : 0;
  return result;
}

/// Words put into lines, the first of which already has `used` columns; later ones are indented.
std::string wrapped(std::string_view text, std::size_t used, std::size_t indent,
                    std::size_t columns) {
  std::istringstream words{std::string{text}};
  std::string result;
  std::string word;
  bool is_line_empty = true;
  while (words >> word) {
    if (!is_line_empty && used + 1 + width_of(word) > columns) {
      result += "\n" + std::string(indent, ' ');
      used = indent;
      is_line_empty = true;
    }
    if (!is_line_empty) {
      result += ' ';
      ++used;
    }
    result += word;
    used += width_of(word);
    is_line_empty = false;
  }
  return result;
}

/// A name to the left, and what it is to the right of it, or below if the name is long.
std::string entry(const std::string& name, const std::string& description) {
  constexpr std::size_t name_indent = 2;
  constexpr std::size_t continued_indent = 6;
  auto result
    = std::string(name_indent, ' ') + wrapped(name, name_indent, continued_indent, help_columns);
  const auto used = width_of(result.substr(result.rfind('\n') + 1));
  const bool is_beside = result.find('\n') == std::string::npos && used < description_column;
  if (!description.empty())
    result += is_beside ? std::string(description_column - used, ' ')
                        : "\n" + std::string(description_column, ' ');
  return result + wrapped(description, description_column, description_column, help_columns) + "\n";
}

} // namespace

std::string filled(std::string_view text, std::size_t columns) {
  std::istringstream lines{std::string{text}};
  std::string result;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty())
      result += wrapped(paragraph, 0, 0, columns) + "\n";
    paragraph.clear();
  };
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.empty() && line.front() != ' ') {
      paragraph += line + "\n";
      continue;
    }
    end_paragraph();
    result += line + "\n";
  }
  end_paragraph();
  return result;
}

std::string help_layout::make_option(const CLI::Option* option, bool is_positional) const {
  return entry(make_option_name(option, is_positional) + make_option_opts(option),
               make_option_desc(option));
}

std::string help_layout::make_subcommand(const CLI::App* command) const {
  return entry(command->get_display_name(true), command->get_description());
}

std::string help_layout::make_description(const CLI::App* command) const {
  return filled(CLI::Formatter::make_description(command));
}

std::string help_layout::make_footer(const CLI::App* command) const {
  return filled(CLI::Formatter::make_footer(command));
}

} // namespace fleetcast::apps
