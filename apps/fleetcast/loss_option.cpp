#include "apps/fleetcast/loss_option.hpp"

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <string>

namespace fleetcast::apps {

namespace {

/// Both as docs/configuration.md says.
constexpr const char* variable = "FLEETCAST_INJECT_LOSS";
constexpr double max_percent = 90;

} // namespace

void add_loss_option(CLI::App& command, double& percent) {
  command
    .add_option("--inject-loss", percent,
                "For testing: drop this percentage of incoming datagrams at random")
    ->check(CLI::Range(0.0, max_percent))
    ->each([](const std::string& text) { // which lets through what is no number
      if (!std::isfinite(std::stod(text)))
        throw CLI::ValidationError{"--inject-loss", text + " is no percentage"};
    })
    ->type_name("PERCENT");
}

void inject_loss(double percent) {
  // The library of `get` and the actors of `serve` are different code, but have the same environment.
  if (percent > 0)
    ::setenv(variable, fmt::format("{:f}", percent).c_str(), 1);
}

} // namespace fleetcast::apps
