/// fleetcast: one program, one subcommand a file.
#include "api/fleetcast_ext.h"
#include "apps/common/say.hpp"
#include "apps/fleetcast/agent/agent.hpp"
#include "apps/fleetcast/bench/bench.hpp"
#include "apps/fleetcast/command_words.hpp"
#include "apps/fleetcast/console/console.hpp"
#include "apps/fleetcast/console/top.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/fleet/fleet.hpp"
#include "apps/fleetcast/get/get.hpp"
#include "apps/fleetcast/get/identity.hpp"
#include "apps/fleetcast/help_layout.hpp"
#include "apps/fleetcast/serve/serve.hpp"
#include "apps/fleetcast/simulate/simulate.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace {

using namespace fleetcast::apps;

int run(int argc, char** argv) {
  CLI::App program{
    "Fleetcast sends one file to any number of hosts at once, over reliable multicast.",
    "fleetcast"};
  program.footer("Examples:\n"
                 "  fleetcast serve --namespace images=/srv/images\n"
                 "  fleetcast get server/images/debian.img /var/tmp/\n"
                 "  fleetcast fleet get server/images/debian.img debian.img --hosts hosts.txt\n"
                 "  fleetcast bench\n"
                 "  fleetcast console -c sessions\n\n"
                 "'fleetcast COMMAND --help' tells more, with examples.");
  program.set_version_flag("--version", FleetcastVersion());
  program.require_subcommand(1);
  program.formatter(std::make_shared<help_layout>()); // those of commands are made after this one
  std::function<int()> selected;
  register_serve(program, selected);
  register_get(program, selected);
  register_identity(program, selected);
  register_console(program, selected);
  register_top(program, selected);
  register_agent(program, selected);
  register_fleet(program, selected);
  register_simulate(program, selected);
  register_bench(program, selected);
  auto words = with_help_as_option({argv + std::min(argc, 1), argv + argc});
  if (const auto what = misled(program, words)) {
    say(stderr, "{}\nSee `fleetcast --help`.\n", *what);
    return exit_code::usage;
  }
  std::reverse(words.begin(), words.end()); // as CLI11 takes them
  auto code = exit_code::success;
  try {
    program.parse(std::move(words));
    code = selected();
  } catch (const CLI::ParseError& e) {
    code = program.exit(e) == 0 ? exit_code::success : exit_code::usage;
  }
  finish_output();
  if (code != exit_code::success || output_error() == 0)
    return code;
  say(stderr, "fleetcast: cannot write to standard output: {}\n",
      std::system_category().message(output_error()));
  return exit_code::failure;
}

} // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fleetcast: internal error: %s\n", e.what());
    return exit_code::failure;
  }
}
