#include "apps/fleetcast/simulate/simulate_fleet.hpp"

#include "protocol/simulation/random_troubles.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace fleetcast::apps {

namespace {

constexpr std::size_t most_hosts = 1000;

struct fleet_arguments {
  schedule_run run;
  std::optional<std::size_t> hosts;
  std::optional<double> loss;
  std::optional<double> repeats;
  std::optional<double> failures;
  std::optional<double> cuts;
  std::optional<double> partitions;
  std::optional<double> agent_restarts;
  std::optional<double> coordinator_restarts;
};

constexpr const char* fleet_footer
  = R"(Runs the coordinator of `fleetcast fleet get` and the jobs of `fleetcast agent` in
virtual time. Connections between them break, messages are lost, late or
repeated, and hosts fail or die at any moment. Each schedule draws its fleet, its
job and its troubles from its seed; what an option gives is the same in all of
them. After 90 simulated seconds the troubles end.

A schedule fails if a claim is false: a host is said to have the object and does
not, a host activates its copy before all are ready although all or none were to,
or the job never ends. docs/simulation.md says what is modelled.

Examples:
  fleetcast simulate fleet --schedules 100000
  fleetcast simulate fleet --hosts 1000 --schedules 5
  fleetcast simulate fleet --loss 0 --repeats 0 --agent-restarts 2
  fleetcast simulate fleet --seed 4711 --schedules 1 --json

Exit codes: 0 when no schedule failed, 1 when one did: its seed is printed, with
the command that runs it again, 2 wrong usage, 130 after Ctrl-C.
)";

std::optional<protocol::duration> between(std::optional<double> seconds) {
  if (!seconds)
    return std::nullopt;
  return protocol::duration{static_cast<std::int64_t>(*seconds * 1e9)};
}

protocol::simulation::given_fleet given_by(const fleet_arguments& a) {
  protocol::simulation::given_fleet result;
  result.hosts = a.hosts;
  result.losses = a.loss;
  result.repeats = a.repeats;
  result.failures = a.failures;
  result.between_cuts = between(a.cuts);
  result.between_partitions = between(a.partitions);
  result.between_agent_deaths = between(a.agent_restarts);
  result.between_coordinator_deaths = between(a.coordinator_restarts);
  return result;
}

/// Shorter pauses would fill the simulated time with nothing else.
std::string complaint_about_pause(const std::string& text) {
  double seconds = 0;
  const bool is_number = CLI::detail::lexical_cast(text, seconds);
  const bool fits = seconds == 0 || (seconds >= 0.01 && seconds <= 1e6);
  return is_number && fits ? "" : text + " is neither 0 nor within 0.01 and 1000000";
}

int simulate_fleets(const fleet_arguments& arguments) {
  fleet_schedules schedules{[given = given_by(arguments)](std::uint64_t seed) {
    return protocol::simulation::random_fleet(seed, given);
  }};
  return run_schedules(arguments.run, schedules);
}

/// At 100 % nothing would ever end.
constexpr double most_lost_messages = 95;

} // namespace

std::vector<std::string> fleet_schedules::run(std::uint64_t seed) {
  auto outcome = protocol::simulation::fleet_simulation{scenario_of_(seed)}.run();
  hosts_ += outcome.view.hosts.size();
  for (const auto& host : outcome.view.hosts)
    succeeded_ += host.succeeded ? 1 : 0;
  longest_ = std::max(longest_, outcome.took);
  return std::move(outcome.false_claims);
}

nlohmann::json fleet_schedules::figures() const {
  return {{"hosts", hosts_},
          {"hosts_succeeded", succeeded_},
          {"longest_seconds", static_cast<double>(longest_.count()) / 1e9}};
}

std::vector<std::pair<std::string, std::string>> fleet_schedules::lines() const {
  return {
    {"hosts", fmt::format("{}, {} got the object", hosts_, succeeded_)},
    {"longest", fmt::format("{:.1f} s simulated", static_cast<double>(longest_.count()) / 1e9)}};
}

void register_simulate_fleet(CLI::App& simulate, std::function<int()>& selected) {
  auto a = std::make_shared<fleet_arguments>();
  auto* command
    = simulate.add_subcommand("fleet", "Try fleets through lost messages, partitions and deaths");
  command->footer(fleet_footer);
  command->add_option("--hosts,-n", a->hosts, "Hosts of each fleet; drawn, up to 8, if not given")
    ->check(CLI::Range(std::size_t{1}, most_hosts))
    ->type_name("N");
  add_schedule_options(*command, a->run);
  const auto percent
    = [command](const char* name, std::optional<double>& value, double most, const char* what) {
        command->add_option(name, value, what)->check(CLI::Range(0.0, most))->type_name("PERCENT");
      };
  percent("--loss,-p", a->loss, most_lost_messages, "Messages that are lost");
  percent("--repeats", a->repeats, 100, "Messages that arrive twice");
  percent("--failures", a->failures, 100, "Receptions that fail");
  const auto pause = [command](const char* name, std::optional<double>& value, const char* what) {
    command->add_option(name, value, what)
      ->check(CLI::Validator{complaint_about_pause, ""})
      ->type_name("SECONDS");
  };
  pause("--cuts", a->cuts, "Mean time between breaks of a connection in the fleet; 0: never");
  pause("--partitions", a->partitions,
        "Mean time between hosts that cannot be reached for a while; 0: never");
  pause("--agent-restarts", a->agent_restarts,
        "Mean time between agents that die and start again; 0: never");
  pause("--coordinator-restarts", a->coordinator_restarts,
        "Mean time between coordinators that die and start again; 0: never");
  command->callback([a, command, &selected] {
    a->run.command = words_of(*command);
    selected = [a] { return simulate_fleets(*a); };
  });
}

} // namespace fleetcast::apps
