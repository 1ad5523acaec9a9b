#include "actors/console/folded_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace fleetcast::actors {

namespace {

using code_range = std::pair<char32_t, char32_t>;

constexpr std::array combining{code_range{0x0300, 0x036f}, code_range{0x1ab0, 0x1aff},
                               code_range{0x20d0, 0x20ff}, code_range{0xfe00, 0xfe0f},
                               code_range{0xfe20, 0xfe2f}};

constexpr std::array wide{
  code_range{0x1100, 0x115f}, code_range{0x2e80, 0xa4cf},   code_range{0xac00, 0xd7a3},
  code_range{0xf900, 0xfaff}, code_range{0xfe30, 0xfe6f},   code_range{0xff00, 0xff60},
  code_range{0xffe0, 0xffe6}, code_range{0x1f300, 0x1faff}, code_range{0x20000, 0x3fffd}};

template <std::size_t Size>
bool is_in(const std::array<code_range, Size>& ranges, char32_t character) noexcept {
  return std::any_of(ranges.begin(), ranges.end(), [=](const code_range& one) {
    return character >= one.first && character <= one.second;
  });
}

constexpr bool continues_character(char byte) noexcept {
  return (static_cast<std::uint8_t>(byte) & 0xc0U) == 0x80U;
}

/// Takes the first character off `text`, which is not empty; a byte that begins none counts as one.
char32_t take_character(std::string_view& text) noexcept {
  const auto first = static_cast<std::uint8_t>(text.front());
  const std::size_t size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t result = size == 1 ? first : first & (0x7fU >> size);
  std::size_t used = 1;
  for (; used < size && used < text.size() && continues_character(text[used]); ++used)
    result = (result << 6U) | (static_cast<std::uint8_t>(text[used]) & 0x3fU);
  text.remove_prefix(used);
  return result;
}

std::size_t columns_of_character(char32_t character) noexcept {
  return is_in(combining, character) ? 0 : is_in(wide, character) ? 2 : 1;
}

/// Lines under construction.
class folding {
public:
  folding(std::size_t columns, std::size_t indent)
    : room_(columns > indent ? columns - indent : 1),
      indent_(indent, ' ') {}

  void add(std::string_view word) {
    if (used_ > 0 && used_ + 1 + columns_in(word) > room_)
      end_line();
    if (used_ > 0)
      append(" ");
    while (columns_in(word) > room_ - used_)
      word.remove_prefix(break_off(word));
    append(word);
  }

  std::vector<std::string> lines() {
    if (used_ > 0 || lines_.empty())
      end_line();
    return std::move(lines_);
  }

private:
  /// The first part of a word that is longer than a line; its bytes.
  std::size_t break_off(std::string_view word) {
    auto part = cut_to_columns(word, room_ - used_);
    if (part.empty()) // a wide character in a single column
      part = cut_to_columns(word, 2);
    append(part);
    end_line();
    return part.size();
  }

  void append(std::string_view text) {
    line_ += text;
    used_ += columns_in(text);
  }

  void end_line() {
    lines_.push_back(indent_ + std::exchange(line_, {}));
    used_ = 0;
  }

  std::size_t room_;
  std::string indent_;
  std::vector<std::string> lines_;
  std::string line_;
  std::size_t used_ = 0;
};

} // namespace

std::size_t columns_in(std::string_view text) noexcept {
  std::size_t result = 0;
  while (!text.empty())
    result += columns_of_character(take_character(text));
  return result;
}

std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept {
  auto rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    auto behind = rest;
    used += columns_of_character(take_character(behind));
    if (used > columns)
      break;
    rest = behind;
  }
  return text.substr(0, text.size() - rest.size());
}

std::vector<std::string> folded(std::string_view text, std::size_t columns, std::size_t indent) {
  folding result{columns, indent};
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0)
      result.add(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result.lines();
}

} // namespace fleetcast::actors
