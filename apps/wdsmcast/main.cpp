/// wdsmcast: the command WDS administrators know.
#include "api/fleetcast_ext.h"
#include "apps/common/say.hpp"
#include "apps/wdsmcast/command_line.hpp"
#include "apps/wdsmcast/help.hpp"
#include "apps/wdsmcast/report.hpp"
#include "apps/wdsmcast/transfer_file.hpp"

#include <cstdio>
#include <exception>
#include <optional>
#include <span>

namespace {

using namespace fleetcast::apps;

int run(std::span<const char* const> arguments) {
  auto parsed = parse_wdsmcast(arguments);
  if (!parsed) {
    wdsmcast_report{false, false, std::nullopt}.failure(parsed.error().error, parsed.error().text);
    return 1;
  }
  switch (parsed->what) {
    case wdsmcast_arguments::verb::help:
      write_out(stdout, wdsmcast_help());
      return 0;
    case wdsmcast_arguments::verb::version:
      say(stdout, "wdsmcast {}\n", FleetcastVersion());
      return 0;
    case wdsmcast_arguments::verb::transfer_file:
      break;
  }
  return transfer_file(*parsed);
}

} // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  try {
    return with_output_in_mind(
      "wdsmcast", run(std::span{argv, static_cast<std::size_t>(argc)}.subspan(argc > 0 ? 1 : 0)));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "wdsmcast: internal error: %s\n", e.what());
    return 1;
  }
}
