#pragma once

#include <string>
#include <vector>

namespace fleetcast::apps::manual {

struct exit_code_entry {
  std::string codes; ///< "0", or "129, 130, 143"
  std::string text;
};

/// "0 done; 1 it failed, 2 wrong usage." taken apart. Empty when it is not of that form: it begins with 0, and each code
/// stands behind a comma or semicolon with a word after it.
[[nodiscard]] std::vector<exit_code_entry> exit_codes_of(const std::string& text);

} // namespace fleetcast::apps::manual
