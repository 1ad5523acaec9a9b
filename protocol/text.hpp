/// Texts of strangers on their way to somebody's terminal or log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleetcast::protocol {

/// Bytes of the character that `text`, which is not empty, begins with. 0: none, or one that is not what it looks like:
/// overlong forms, surrogates and what lies beyond U+10FFFF are no characters (RFC 3629); C0, DEL and C1 (U+0080 to
/// U+009F) steer a terminal; bidirectional controls, line and paragraph separators, tags and what has no width
/// (Unicode's default-ignorable characters, except variation selectors) make people read another text than programs.
std::size_t plain_character(std::string_view text) noexcept;

/// Whether `text` is UTF-8 made of plain characters.
bool is_plain_text(std::string_view text) noexcept;

/// `text` as such, with `instead` for each byte that is no part of a plain character.
std::string plain_text(std::string text, char instead);

/// The first `max` bytes of `text`, or less: no character is cut in two.
std::string_view cut_text(std::string_view text, std::size_t max) noexcept;

/// How much of a stranger's name or path a line for people has room for.
constexpr std::size_t max_outside_text = 160;

/// The one way for a name or a sentence of somebody else into a line for people (log, event, terminal): plain, and of
/// `max` bytes at most, the "..." at the end included that says something was cut off.
std::string outside_text(std::string_view text, std::size_t max = max_outside_text);

} // namespace fleetcast::protocol
