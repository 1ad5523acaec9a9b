/// `fleetcast identity`: who this host is to servers that ask.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand to `program`; when it is chosen, `selected` becomes its run.
void register_identity(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
