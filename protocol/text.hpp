/// Texts of strangers on their way to somebody's terminal or log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast::protocol {

/// Bytes of the character that `text`, which is not empty, begins with. 0: none, or one that steers a terminal.
/// Overlong forms, surrogates and what lies beyond U+10FFFF are no characters (RFC 3629); C0, DEL and C1 (U+0080 to
/// U+009F) steer.
std::size_t plain_character(std::string_view text) noexcept;

/// Whether `text` is UTF-8 without control characters.
bool is_plain_text(std::string_view text) noexcept;

/// `text` as such, with `instead` for each byte that is no part of a plain character.
std::string plain_text(std::string text, char instead);

} // namespace fleetcast::protocol
