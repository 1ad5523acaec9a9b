#include "apps/common/wide_text.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::apps {

namespace {

static_assert(sizeof(wchar_t) == 4, "one wchar_t holds one code point");

struct sequence {
  std::size_t length;
  std::uint32_t bits;  ///< of the first byte
  std::uint32_t least; ///< smallest code point that needs this length
};

std::optional<sequence> begin_sequence(unsigned char first) {
  if (first == 0)
    return std::nullopt;
  if (first < 0x80)
    return sequence{1, first, 0};
  if (first >= 0xc0 && first < 0xe0)
    return sequence{2, first & 0x1fU, 0x80};
  if (first >= 0xe0 && first < 0xf0)
    return sequence{3, first & 0x0fU, 0x800};
  if (first >= 0xf0 && first < 0xf8)
    return sequence{4, first & 0x07U, 0x10000};
  return std::nullopt;
}

/// Takes one code point off the front of `text`.
std::optional<std::uint32_t> take(std::string_view& text) {
  auto begun = begin_sequence(static_cast<unsigned char>(text.front()));
  if (!begun || text.size() < begun->length)
    return std::nullopt;
  auto value = begun->bits;
  for (std::size_t i = 1; i < begun->length; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80)
      return std::nullopt;
    value = value << 6 | (next & 0x3fU);
  }
  text.remove_prefix(begun->length);
  if (value < begun->least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    return std::nullopt;
  return value;
}

} // namespace

std::optional<std::wstring> to_wide(std::string_view utf8) {
  std::wstring result;
  while (!utf8.empty()) {
    auto value = take(utf8);
    if (!value)
      return std::nullopt;
    result.push_back(static_cast<wchar_t>(*value));
  }
  return result;
}

} // namespace fleetcast::apps
