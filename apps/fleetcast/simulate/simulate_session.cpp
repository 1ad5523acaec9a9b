#include "apps/fleetcast/simulate/simulate_session.hpp"

#include "protocol/simulation/random_troubles.hpp"

#include <fmt/core.h>

#include <memory>
#include <optional>

namespace fleetcast::apps {

namespace {

struct session_arguments {
  schedule_run run;
  protocol::simulation::given_connection given;
};

constexpr const char* session_footer
  = R"(Runs both ends of a control connection in virtual time, from the request to the
receipt, with a client that fetches, completes or gives up, a server that
refuses, ends the session or goes away, and a connection that breaks at any
moment or carries a wrong byte. Each schedule draws its troubles from its seed;
what an option gives is the same in all of them.

A schedule fails if an end is stuck, if a client believes that its receipt
arrived and it did not, or if the end of a session is told twice or not at all.
docs/simulation.md says what is modelled.

Examples:
  fleetcast simulate session --schedules 100000
  fleetcast simulate session --breaks 66 --wrong-bytes 0
  fleetcast simulate session --seed 4711 --schedules 1 --json

Exit codes: 0 when no schedule failed, 1 when one did: its seed is printed, with
the command that runs it again, 2 wrong usage, 130 after Ctrl-C.
)";

int simulate_sessions(const session_arguments& arguments) {
  session_schedules schedules{[given = arguments.given](std::uint64_t seed) {
    return protocol::simulation::random_connection(seed, given);
  }};
  return run_schedules(arguments.run, schedules);
}

} // namespace

std::vector<std::string> session_schedules::run(std::uint64_t seed) {
  protocol::simulation::control_simulation simulation{scenario_of_(seed)};
  auto outcome = simulation.run();
  receipts_ += outcome.receipt_arrived ? 1 : 0;
  receipts_noted_ += outcome.client_knows ? 1 : 0;
  return std::move(outcome.faults);
}

nlohmann::json session_schedules::figures() const {
  return {{"receipts", receipts_}, {"receipts_noted", receipts_noted_}};
}

std::vector<std::pair<std::string, std::string>> session_schedules::lines() const {
  return {{"receipts", fmt::format("{} arrived, {} known to the client to have arrived", receipts_,
                                   receipts_noted_)}};
}

void register_simulate_session(CLI::App& simulate, std::function<int()>& selected) {
  auto a = std::make_shared<session_arguments>();
  auto* command
    = simulate.add_subcommand("session", "Try sessions through broken connections and dying ends");
  command->footer(session_footer);
  add_schedule_options(*command, a->run);
  const auto percent = [command](const char* name, std::optional<double>& value, const char* what) {
    command->add_option(name, value, what)->check(CLI::Range(0.0, 100.0))->type_name("PERCENT");
  };
  auto& given = a->given;
  percent("--breaks", given.breaks, "Connections that break at some time");
  percent("--wrong-bytes", given.spoilt, "Messages that arrive with one byte changed");
  percent("--refusals", given.refusals, "Requests that the server refuses");
  percent("--no-answers", given.no_answers,
          "Questions to the server's other parts that nobody answers");
  percent("--stops", given.stops, "Clients that are stopped, and servers that shut down");
  percent("--failures", given.failures, "Transmissions that end the session, or die");
  command->callback([a, command, &selected] {
    a->run.command = words_of(*command);
    selected = [a] { return simulate_sessions(*a); };
  });
}

} // namespace fleetcast::apps
