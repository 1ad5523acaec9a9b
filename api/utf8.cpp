#include "api/utf8.hpp"

#include <cstdint>

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

} // namespace fleetcast::api
