#include "protocol/text.hpp"

#include <cstdint>

namespace fleetcast::protocol {

std::size_t plain_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80)
    return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  const auto second = byte(1);
  const auto is_wrong = (first == 0xc2 && second < 0xa0) || (first == 0xe0 && second < 0xa0)
                        || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90)
                        || (first == 0xf4 && second > 0x8f);
  return is_wrong ? 0 : size;
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

} // namespace fleetcast::protocol
