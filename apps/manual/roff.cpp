#include "apps/manual/roff.hpp"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <sstream>

namespace fleetcast::apps::manual {

namespace {

constexpr std::size_t line_columns = 78;

/// What roff would print as something that looks like it only.
std::string_view escape_of(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '"':
      return "\\(dq";
    default:
      return {};
  }
}

/// The character that begins at `at`, which moves behind it. Bytes that are no UTF-8 count as Latin-1.
std::uint32_t take_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(at++);
  const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || at + more > text.size())
    return first;
  std::uint32_t result = first & (0x3fU >> more);
  for (std::size_t i = 0; i < more; ++i)
    result = result << 6U | (byte(at++) & 0x3fU);
  return result;
}

/// A line that begins with one of these is a request.
std::string guarded(const std::string& line) {
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

/// `quoted` words are bold, those that stand together.
std::string with_fonts(std::string_view text) {
  std::string result;
  bool is_bold = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('`', at), text.size());
    result += roff_literal(text.substr(at, end - at));
    if (end == text.size())
      break;
    is_bold = !is_bold;
    result += is_bold ? "\\fB" : "\\fR";
    at = end + 1;
  }
  return is_bold ? result + "\\fR" : result;
}

bool ends_sentence(std::string_view word) {
  return word.ends_with('.') || word.ends_with('?') || word.ends_with('!');
}

} // namespace

std::string roff_literal(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = take_character(text, at);
    if (character >= 0x80)
      result += fmt::format("\\[u{:04X}]", character);
    else if (const auto escape = escape_of(static_cast<char>(character)); !escape.empty())
      result += escape;
    else
      result += static_cast<char>(character);
  }
  return guarded(result);
}

std::string roff_paragraph(std::string_view text) {
  std::istringstream words{with_fonts(text)};
  std::string result;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty())
      result += guarded(line) + "\n";
    line.clear();
  };
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > line_columns)
      end_line();
    line += (line.empty() ? "" : " ") + word;
    if (ends_sentence(word))
      end_line();
  }
  end_line();
  return result;
}

std::string roff_bold(std::string_view text) {
  return "\\fB" + roff_literal(text) + "\\fR";
}

std::string roff_italic(std::string_view text) {
  return "\\fI" + roff_literal(text) + "\\fR";
}

} // namespace fleetcast::apps::manual
