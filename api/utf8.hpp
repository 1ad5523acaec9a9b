/// Text of the API (wide characters) to text of everything else (UTF-8).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace fleetcast::api {

/// `text` as UTF-8, reading no more than `max_characters` + 1 of it: longer text comes back longer than
/// that, so that the caller sees it is too long. Nothing if it holds a surrogate or a value
/// beyond U+10FFFF: such text names nothing, and must not be turned into something else quietly.
[[nodiscard]] std::optional<std::string> to_utf8(const wchar_t* text, std::size_t max_characters);

/// The same of UTF-16, `max_characters` counting its units. Nothing if it holds half a surrogate pair.
[[nodiscard]] std::optional<std::string> to_utf8(const char16_t* text, std::size_t max_characters);

} // namespace fleetcast::api
