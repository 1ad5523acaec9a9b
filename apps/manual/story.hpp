/// The text below the options of a --help, taken apart: a manual page has a section for each kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps::manual {

struct story_part {
  std::string text;
  bool is_as_it_stands = false; ///< lines that were indented; else words to be filled
};

struct story_sections {
  std::vector<story_part> description;
  std::vector<story_part> examples;
  std::vector<story_part> exit_codes;
};

/// Paragraphs that begin with "Example:", "Examples:" or "Exit codes:", with what is indented below, make their
/// sections, without these words. Everything else is the description.
[[nodiscard]] story_sections sections_of(std::string_view story);

} // namespace fleetcast::apps::manual
