/// Text in lines that a terminal shows as they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

/// Columns that plain UTF-8 text takes on a terminal: two for each East Asian wide character and emoji, none for
/// combining marks.
std::size_t columns_in(std::string_view text) noexcept;

/// The beginning of `text` that fits into so many columns, whole characters only.
std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept;

/// `text` in lines of at most `columns` columns, each indented by `indent`: broken between words, and inside a word only
/// if no line has room for it. Nothing is left out.
std::vector<std::string> folded(std::string_view text, std::size_t columns, std::size_t indent = 0);

} // namespace fleetcast::actors
