#pragma once

#include "apps/manual/command_entry.hpp"

#include <string>

namespace fleetcast::apps::manual {

/// What the head and foot of each page say.
struct man_edition {
  std::string version;
  std::string date; ///< "2026-11-29"; empty: the page has none
};

/// The page of `command` in section 1. `program` is the command that it belongs to, itself or one above it: pages that
/// the text mentions are found there.
[[nodiscard]] std::string man_page(const command_entry& command, const command_entry& program,
                                   const man_edition& edition);

/// "fleetcast-fleet-get.1"
[[nodiscard]] std::string man_file(const command_entry& command);

} // namespace fleetcast::apps::manual
