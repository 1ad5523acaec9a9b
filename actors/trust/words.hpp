/// Words of a line in the files that people keep beside a key: known servers, authorized clients.
#pragma once

#include <algorithm>
#include <string_view>

namespace fleetcast::actors::io {

/// Takes the first word off `text`, between spaces and tabs; empty when there is none. A carriage return
/// at the end is a blank, too.
inline std::string_view take_word(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const auto word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

} // namespace fleetcast::actors::io
