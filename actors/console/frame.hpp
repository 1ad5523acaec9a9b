/// What a console says back: frames, each a line "KIND LENGTH" and so many bytes of text.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::actors {

enum class frame_kind : std::uint8_t {
  ok,     ///< the answer to a command
  failed, ///< why it could not be done
  usage,  ///< why it makes no sense
  event,  ///< one event, to who follows them
  lost,   ///< a sentence about events that were not shown: the console did not read
};

inline constexpr std::array<std::string_view, 5> frame_names{"ok", "failed", "usage", "event",
                                                             "lost"};

struct frame {
  frame_kind kind = frame_kind::ok;
  std::string text;
};

/// No answer is longer.
constexpr std::size_t max_frame_text = 64 * 1024 * 1024;

inline std::string encode(const frame& what) {
  return std::string{frame_names[static_cast<std::size_t>(what.kind)]} + ' '
         + std::to_string(what.text.size()) + '\n' + what.text;
}

struct frame_header {
  frame_kind kind = frame_kind::ok;
  std::size_t size = 0;
};

/// Of a line without its end.
inline std::optional<frame_header> decode_frame_header(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  frame_header result;
  const auto digits = line.substr(space + 1);
  const auto [stopped, error]
    = std::from_chars(digits.data(), digits.data() + digits.size(), result.size);
  if (error != std::errc{} || stopped != digits.data() + digits.size()
      || result.size > max_frame_text)
    return std::nullopt;
  for (std::size_t i = 0; i < frame_names.size(); ++i) {
    result.kind = static_cast<frame_kind>(i);
    if (line.substr(0, space) == frame_names[i])
      return result;
  }
  return std::nullopt;
}

} // namespace fleetcast::actors
