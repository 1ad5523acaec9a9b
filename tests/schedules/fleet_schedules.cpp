/// Random schedules of whole fleets in virtual time, as many as you like: prints each whose campaign claimed what is
/// not so. Exit code 1 if there is one.
#include "tests/support/fleet_schedule.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace {

using namespace fleetcast::protocol::simulation;

struct options {
  std::uint64_t first = 1;
  std::uint64_t count = 100'000;
  std::size_t hosts = 8;
  bool large = false;
};

bool is_true(const options& with, std::uint64_t seed) {
  const auto outcome = fleet_simulation{with.large ? testing::large_schedule(seed, with.hosts)
                                                   : testing::random_schedule(seed, with.hosts)}
                         .run();
  for (const auto& claim : outcome.false_claims)
    fmt::print("seed {}: {}\n", seed, claim);
  return outcome.false_claims.empty();
}

} // namespace

int main(int argc, char** argv) {
  options with;
  CLI::App program{"Random schedules of whole fleets in virtual time", "fleet_schedules"};
  program.add_option("--first", with.first, "First seed")->capture_default_str();
  program.add_option("--count", with.count, "Schedules")->capture_default_str();
  program.add_option("--hosts", with.hosts, "Hosts of a fleet, at most")->capture_default_str();
  program.add_flag("--large", with.large,
                   "Always so many hosts, together, with partitions and deaths");
  CLI11_PARSE(program, argc, argv);
  std::uint64_t wrong = 0;
  for (auto seed = with.first; seed < with.first + with.count; ++seed)
    wrong += is_true(with, seed) ? 0 : 1;
  fmt::print("{} of {} schedules from seed {} on with a false claim\n", wrong, with.count,
             with.first);
  return wrong == 0 ? 0 : 1;
}
