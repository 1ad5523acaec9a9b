/// `fleetcast agent`: lets a fleet's coordinators have files brought to this host.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand; choosing it sets `selected` to the function that runs it and gives the
/// program's exit code.
void register_agent(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
