/// `fleetcast serve`: offers directories to receivers.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand; choosing it sets `selected` to the function that runs it and gives the
/// program's exit code.
void register_serve(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
