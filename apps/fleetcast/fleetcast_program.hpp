/// All of fleetcast's commands with their options: what the command line is read by, and what its manual pages and
/// completion are made from.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace fleetcast::apps {

class fleetcast_program {
public:
  fleetcast_program();

  // Commands keep references to it.
  fleetcast_program(const fleetcast_program&) = delete;
  fleetcast_program& operator=(const fleetcast_program&) = delete;

  CLI::App& commands() noexcept { return commands_; }

  /// Runs the command that was parsed; gives the exit code.
  int run_selected() { return selected_(); }

private:
  CLI::App commands_;
  std::function<int()> selected_;
};

} // namespace fleetcast::apps
