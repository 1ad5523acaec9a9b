#include "actors/console/line_buffer.hpp"

#include <cstdint>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Bytes of the character that begins `text`; 0: none does. Overlong forms, surrogates and what lies
/// beyond U+10FFFF are no characters (RFC 3629).
std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80)
    return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  const auto second = byte(1);
  const auto is_wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)
                        || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_wrong ? 0 : size;
}

} // namespace

bool is_plain_text(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto size = character_size(text);
    const auto first = static_cast<std::uint8_t>(text.front());
    if (size == 0 || first < 0x20 || first == 0x7f)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t line_buffer::put(std::string_view bytes) {
  std::size_t taken = 0;
  for (const auto c : bytes) {
    if (refused_ != refusal::none || lines_.size() == max_waiting)
      break;
    ++taken;
    if (c == '\n')
      end_line();
    else if (begun_.size() == max_line)
      refused_ = refusal::too_long;
    else
      begun_.push_back(c);
  }
  return taken;
}

void line_buffer::end_line() {
  if (begun_.ends_with('\r'))
    begun_.pop_back();
  if (!is_plain_text(begun_))
    refused_ = refusal::not_text;
  else
    lines_.push_back(std::move(begun_));
  begun_.clear();
}

std::string line_buffer::take() {
  auto result = std::move(lines_.front());
  lines_.pop_front();
  return result;
}

} // namespace fleetcast::actors
