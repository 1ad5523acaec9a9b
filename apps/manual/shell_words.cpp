#include "apps/manual/shell_words.hpp"

namespace fleetcast::apps::manual {

namespace {

std::string quoted(std::string_view text, std::string_view quote_inside,
                   std::string_view backslash_inside) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += quote_inside;
    else if (c == '\\')
      result += backslash_inside;
    else
      result += c;
  }
  return result + "'";
}

/// What a list of options has room for beside their names.
constexpr std::size_t short_size = 60;

} // namespace

std::string sh_quoted(std::string_view text) {
  return quoted(text, "'\\''", "\\");
}

std::string fish_quoted(std::string_view text) {
  return quoted(text, "\\'", "\\\\");
}

std::string zsh_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      result += '\\';
    result += c;
  }
  return result;
}

std::string spaced(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : " ") + word;
  return result;
}

std::string short_text(std::string_view text) {
  for (const auto* mark : {"; ", ": ", " ("}) {
    if (text.size() <= short_size)
      break;
    if (const auto end = text.find(mark); end != std::string_view::npos && end > 0)
      text = text.substr(0, end);
  }
  return std::string{text};
}

} // namespace fleetcast::apps::manual
