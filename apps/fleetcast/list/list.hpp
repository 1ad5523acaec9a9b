/// `fleetcast list`: what a server offers to this host.
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// `selected` becomes what the user chose; it gives the exit code.
void register_list(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
