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

/// The longest beginning of `text` that fits into `columns`; characters are not split.
std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept;

/// `text` in lines of at most `columns` columns, each indented by `indent`. Lines break between words; a word that is
/// longer than a line is split. All of the text is kept.
std::vector<std::string> folded(std::string_view text, std::size_t columns, std::size_t indent = 0);

} // namespace fleetcast::actors
