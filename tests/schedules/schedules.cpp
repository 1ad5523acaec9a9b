/// Random schedules of whole fleets, or of control connections, in virtual time, as many as you like: prints each in
/// which something was claimed that is not so, or an end was stuck. Exit code 1 if there is one.
#include "tests/support/schedules.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <string>
#include <vector>

namespace {

using namespace fleetcast::protocol::simulation;

struct options {
  std::uint64_t first = 1;
  std::uint64_t count = 100'000;
  std::size_t hosts = 8;
  bool large = false;
};

std::vector<std::string> faults_of_fleet(const options& with, std::uint64_t seed) {
  const auto scenario = with.large ? schedules::large_fleet(seed, with.hosts)
                                   : schedules::random_fleet(seed, with.hosts);
  return fleet_simulation{scenario}.run().false_claims;
}

std::vector<std::string> faults_of_connection(const options&, std::uint64_t seed) {
  return control_simulation{schedules::random_connection(seed)}.run().faults;
}

int run(const options& with, std::vector<std::string> (*faults_of)(const options&, std::uint64_t)) {
  std::uint64_t wrong = 0;
  for (auto seed = with.first; seed < with.first + with.count; ++seed) {
    const auto faults = faults_of(with, seed);
    for (const auto& fault : faults)
      fmt::print("seed {}: {}\n", seed, fault);
    wrong += faults.empty() ? 0 : 1;
  }
  fmt::print("{} of {} schedules from seed {} on are faulty\n", wrong, with.count, with.first);
  return wrong == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  options with;
  CLI::App program{"Random schedules in virtual time", "schedules"};
  program.require_subcommand(1);
  program.add_option("--first", with.first, "First seed")->capture_default_str();
  program.add_option("--count", with.count, "Schedules")->capture_default_str();
  program.fallthrough();
  auto* fleets = program.add_subcommand("fleet", "Coordinator, agents and hosts");
  fleets->add_option("--hosts", with.hosts, "Hosts of a fleet, at most")->capture_default_str();
  fleets->add_flag("--large", with.large,
                   "Exactly --hosts hosts, together, with partitions and deaths");
  program.add_subcommand("control", "Both ends of a control connection");
  CLI11_PARSE(program, argc, argv);
  return run(with, fleets->parsed() ? faults_of_fleet : faults_of_connection);
}
