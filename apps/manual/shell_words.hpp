/// Words for shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps::manual {

/// In single quotes, as sh, bash and zsh read them.
std::string sh_quoted(std::string_view text);

/// In single quotes, as fish reads them.
std::string fish_quoted(std::string_view text);

/// For within an argument of zsh's _arguments, where brackets and colons mean something.
std::string zsh_escaped(std::string_view text);

/// With spaces between them.
std::string spaced(const std::vector<std::string>& words);

/// The first sentence, for a line beside an option: without what follows a colon or semicolon and is longer than that.
std::string short_text(std::string_view text);

} // namespace fleetcast::apps::manual
