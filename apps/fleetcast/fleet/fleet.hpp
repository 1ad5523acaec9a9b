/// `fleetcast fleet`: one command for many hosts, each with a `fleetcast agent`.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand and those below it; choosing one sets `selected` to the function that runs it and
/// gives the program's exit code.
void register_fleet(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
