#include "api/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace fleetcast::api {

namespace {

static_assert(sizeof(wchar_t) == 4,
              "one wchar_t holds one code point; -fshort-wchar is another ABI");

bool is_scalar_value(std::uint32_t c) {
  return c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
}

void append(std::string& out, std::uint32_t c) {
  auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  auto continuation = [&](unsigned shift) { put(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    continuation(0);
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    continuation(6);
    continuation(0);
  } else {
    put(0xf0 | (c >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

} // namespace

std::optional<std::string> to_utf8(const wchar_t* text, std::size_t max_characters) {
  std::string result;
  for (std::size_t i = 0; i <= max_characters && text[i] != L'\0'; ++i) {
    auto c = static_cast<char32_t>(text[i]);
    if (!is_scalar_value(c))
      return std::nullopt;
    append(result, c);
  }
  return result;
}

std::optional<std::string> to_utf8(const char16_t* text, std::size_t max_characters) {
  constexpr auto is_high = [](char16_t unit) { return unit >= 0xd800 && unit <= 0xdbff; };
  constexpr auto is_low = [](char16_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; };
  std::string result;
  for (std::size_t i = 0; i <= max_characters; ++i) {
    char16_t unit = 0; // by its bytes: strings in packed structures may be at odd addresses
    std::memcpy(&unit, text + i, sizeof unit);
    if (unit == 0)
      break;
    if (is_low(unit))
      return std::nullopt;
    if (!is_high(unit)) {
      append(result, unit);
      continue;
    }
    char16_t low = 0;
    std::memcpy(&low, text + ++i, sizeof low);
    if (!is_low(low))
      return std::nullopt;
    append(result, 0x10000U + ((unit - 0xd800U) << 10U) + (low - 0xdc00U));
  }
  return result;
}

} // namespace fleetcast::api
