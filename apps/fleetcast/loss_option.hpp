/// `--inject-loss PERCENT`, which `serve`, `get` and `bench` have in common.
#pragma once

#include <CLI/CLI.hpp>

namespace fleetcast::apps {

/// Adds the option; `percent` stays 0 without it.
void add_loss_option(CLI::App& command, double& percent);

/// From here on this process loses so many of the datagrams it receives. Before the first thread: it sets
/// a variable of the environment.
void inject_loss(double percent);

} // namespace fleetcast::apps
