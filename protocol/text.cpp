#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fleetcast::protocol {

namespace {

struct code_points {
  char32_t first;
  char32_t last;
};

/// Well-formed characters that show as something else, or as nothing. Sorted.
constexpr std::array misleading{
  code_points{0x0000, 0x001f},   // C0
  code_points{0x007f, 0x009f},   // DEL, C1
  code_points{0x00ad, 0x00ad},   // soft hyphen
  code_points{0x034f, 0x034f},   // combining grapheme joiner
  code_points{0x061c, 0x061c},   // Arabic letter mark
  code_points{0x115f, 0x1160},   // Hangul fillers
  code_points{0x17b4, 0x17b5},   // Khmer vowels without a shape
  code_points{0x180b, 0x180f},   // Mongolian variation selectors and vowel separator
  code_points{0x200b, 0x200f},   // zero-width characters, directional marks
  code_points{0x2028, 0x202e},   // separators, directional embeddings and overrides
  code_points{0x2060, 0x206f},   // joiners, directional isolates, deprecated controls
  code_points{0x3164, 0x3164},   // Hangul filler
  code_points{0xfeff, 0xfeff},   // byte order mark
  code_points{0xffa0, 0xffa0},   // Hangul filler
  code_points{0xfff0, 0xfffb},   // interlinear annotation
  code_points{0x1bca0, 0x1bca3}, // shorthand controls
  code_points{0x1d173, 0x1d17a}, // musical controls
  code_points{0xe0000, 0xe0fff}, // tags
};

bool is_misleading(char32_t c) noexcept {
  const auto* const range = std::find_if(misleading.begin(), misleading.end(),
                                         [c](const code_points& r) { return c <= r.last; });
  return range != misleading.end() && c >= range->first;
}

constexpr bool continues(char c) noexcept {
  return (static_cast<std::uint8_t>(c) & 0xc0) == 0x80;
}

} // namespace

std::size_t plain_character(std::string_view text) noexcept {
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80)
    return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return 0;
  char32_t value = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (!continues(text[i]))
      return 0;
    value = (value << 6U) | (static_cast<std::uint8_t>(text[i]) & 0x3fU);
  }
  const auto is_wrong = (size == 3 && value < 0x800) || (value >= 0xd800 && value <= 0xdfff)
                        || (size == 4 && value < 0x10000) || value > 0x10ffff;
  return is_wrong || is_misleading(value) ? 0 : size;
}

bool is_plain_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = plain_character(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string plain_text(std::string text, char instead) {
  const std::string_view whole = text;
  for (std::size_t at = 0; at < whole.size();) {
    const auto size = plain_character(whole.substr(at));
    if (size == 0)
      text[at] = instead;
    at += size == 0 ? 1 : size;
  }
  return text;
}

std::string_view cut_text(std::string_view text, std::size_t max) noexcept {
  if (text.size() <= max)
    return text;
  constexpr std::size_t longest_tail = 3; // of bytes that are no text more is not looked through
  auto end = max;
  while (max - end < longest_tail && end > 0 && continues(text[end]))
    --end;
  return text.substr(0, end);
}

std::string outside_text(std::string_view text, std::size_t max) {
  constexpr std::string_view dots = "...";
  if (text.size() <= max)
    return plain_text(std::string{text}, '?');
  return plain_text(std::string{cut_text(text, max - std::min(max, dots.size()))}, '?')
    .append(dots);
}

} // namespace fleetcast::protocol
