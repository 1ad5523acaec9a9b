/// `fleetcast simulate`: the real protocol in virtual time, for groups larger than a laboratory.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand; choosing it sets `selected` to the function that runs it and gives the
/// program's exit code.
void register_simulate(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
