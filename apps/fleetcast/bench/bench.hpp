/// `fleetcast bench`: how fast is it on this machine?
#pragma once

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

/// Adds the subcommand to `program`; when it is chosen, `selected` becomes its run.
void register_bench(CLI::App& program, std::function<int()>& selected);

} // namespace fleetcast::apps
