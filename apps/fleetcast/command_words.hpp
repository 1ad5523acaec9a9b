/// The words of a command line that choose a command, before the command line is parsed.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// What is wrong with them, in a sentence that names the nearest command, or lists all; nothing if they lead to a
/// command. `words`: the command line without the program's name.
[[nodiscard]] std::optional<std::string> misled(const CLI::App& program,
                                                const std::vector<std::string>& words);

/// `fleetcast help fleet get` means `fleetcast fleet get --help`.
[[nodiscard]] std::vector<std::string> with_help_as_option(std::vector<std::string> words);

} // namespace fleetcast::apps
