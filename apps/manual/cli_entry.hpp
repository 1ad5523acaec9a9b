#pragma once

#include "apps/manual/command_entry.hpp"

#include <CLI/CLI.hpp>

namespace fleetcast::apps::manual {

/// What CLI11 knows of `command` and of all commands below it. Changes nothing; CLI11 gives some of it to no
/// constant reference.
[[nodiscard]] command_entry entry_of(CLI::App& command);

} // namespace fleetcast::apps::manual
