/// Text as roff takes it, for man and for mandoc alike.
#pragma once

#include <string>
#include <string_view>

namespace fleetcast::apps::manual {

/// As it stands, wherever it stands in a line: hyphens, quotes and the like stay what can be copied to a shell. Text in
/// UTF-8; what is no ASCII is written by its number.
std::string roff_literal(std::string_view text);

/// A paragraph, in lines of at most 78 characters where its words let it. What is between `backquotes` is bold; a sentence
/// begins a line, as roff wants it to know where sentences end.
std::string roff_paragraph(std::string_view text);

/// A word in bold, or in italics, to stand within a line.
std::string roff_bold(std::string_view text);
std::string roff_italic(std::string_view text);

} // namespace fleetcast::apps::manual
