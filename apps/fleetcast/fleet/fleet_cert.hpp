/// `fleetcast fleet cert`: the fleet's own authority and its certificates.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand and those below it.
void register_fleet_cert(CLI::App& fleet, std::function<int()>& selected);

} // namespace fleetcast::apps
