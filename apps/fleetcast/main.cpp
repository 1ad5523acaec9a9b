/// fleetcast: one program, one subcommand a file.
#include "apps/common/say.hpp"
#include "apps/fleetcast/command_words.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/fleetcast_program.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

namespace {

using namespace fleetcast::apps;

int run(int argc, char** argv) {
  fleetcast_program program;
  auto words = with_help_as_option({argv + std::min(argc, 1), argv + argc});
  if (const auto what = misled(program.commands(), words)) {
    say(stderr, "{}\nSee `fleetcast --help`.\n", *what);
    return exit_code::usage;
  }
  std::reverse(words.begin(), words.end()); // as CLI11 takes them
  auto code = exit_code::success;
  try {
    program.commands().parse(std::move(words));
    code = program.run_selected();
  } catch (const CLI::ParseError& e) {
    code = program.commands().exit(e) == 0 ? exit_code::success : exit_code::usage;
  }
  return with_output_in_mind("fleetcast", code);
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
