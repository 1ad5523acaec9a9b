/// One coordinator and many agents, each agent an actor system of its own behind a TLS connection on the
/// loopback interface: what coordinating costs, and whether anything is late.
///
/// The agents' receptions receive nothing; they report as real ones do, twice a second.
#include "actors/fleet/reception.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/temporary_directory.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace fleetcast::actors;
using fleetcast::actors::testing::live_agent;
using fleetcast::actors::testing::live_coordinator;
using steady = std::chrono::steady_clock;

struct scale_arguments {
  unsigned agents = 500;
  unsigned processes = 4;
  unsigned seconds = 30;
};

/// Reports twice a second until its time is over.
class reporting_parts final : public fleet::agent_parts {
public:
  explicit reporting_parts(unsigned reports) : reports_(reports) {}

  tl::expected<fleet::reception_actor, fleetcast::protocol::failure>
  receive(caf::scheduled_actor& agent, const fleet::job_request& request, const std::string&,
          const fleet::reception_host_actor& self) override {
    return agent.spawn(report, self, reports_, request.together);
  }

private:
  static fleet::reception_actor::behavior_type report(fleet::reception_actor::pointer self,
                                                      fleet::reception_host_actor to,
                                                      unsigned reports, bool together) {
    const auto done = std::make_shared<unsigned>(0);
    const auto say = [=](fleet::job_phase phase) {
      fleet::reception_news news;
      news.phase = phase;
      news.figures.object_bytes = reports;
      news.figures.written_bytes = *done;
      news.figures.limited_by = "network";
      self->send(to, std::move(news));
    };
    self->delayed_send(self, fleet::report_interval, open_atom::value);
    return {
      [](const session_started&) {},
      [](const block_delivery&) {},
      [](const session_progress&) {},
      [](const session_finished&) {},
      [=](open_atom) {
        if (++*done >= reports && together)
          return say(fleet::job_phase::staged);
        if (*done >= reports) {
          say(fleet::job_phase::done);
          return self->quit();
        }
        say(fleet::job_phase::receiving);
        self->delayed_send(self, fleet::report_interval, open_atom::value);
      },
      [=](commit_atom) {
        say(fleet::job_phase::done);
        self->quit();
      },
      [=](cancel_atom, const failure&) {
        say(fleet::job_phase::cancelled);
        self->quit();
      },
      [=](stop_atom) { self->quit(); },
      [](status_atom) {
        return status_snapshot{"reception", "scripted", {}, {}};
      },
    };
  }

  using commit_atom = fleet::commit_atom;

  unsigned reports_;
};

/// A process with some of the agents; writes their ports, then waits for its standard input to close.
void run_agents(unsigned count, unsigned reports, const std::filesystem::path& directory, int ports,
                int end) {
  const fleet::certificate_store store{directory};
  const auto context
    = *fleet::make_link_context(testing::host_credentials(store), fleet::link_role::agent);
  io::io_thread io;
  std::vector<std::unique_ptr<live_agent>> agents;
  for (unsigned i = 0; i < count; ++i) {
    agents.push_back(
      std::make_unique<live_agent>(io, context, std::make_shared<reporting_parts>(reports)));
    const auto port = agents.back()->port();
    if (::write(ports, &port, sizeof(port)) != sizeof(port))
      return;
  }
  char byte = 0;
  while (::read(end, &byte, 1) > 0) {}
}

struct child {
  pid_t pid = -1;
  int ports = -1; ///< to read
  int end = -1;   ///< to close
};

child start_process(unsigned count, unsigned reports, const std::filesystem::path& directory) {
  int ports[2];
  int end[2];
  if (::pipe(ports) != 0 || ::pipe(end) != 0)
    throw std::runtime_error{"no pipe"};
  const auto pid = ::fork();
  if (pid == 0) {
    ::close(ports[0]);
    ::close(end[1]);
    run_agents(count, reports, directory, ports[1], end[0]);
    ::_exit(0);
  }
  ::close(ports[1]);
  ::close(end[0]);
  return {pid, ports[0], end[1]};
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto in = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return in(used.ru_utime) + in(used.ru_stime);
}

double since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

int coordinate(const std::vector<fleet::fleet_host>& hosts, const std::filesystem::path& directory,
               const scale_arguments& arguments) {
  const fleet::certificate_store store{directory};
  io::io_thread io;
  live_coordinator from{
    io, *fleet::make_link_context(store.coordinator(), fleet::link_role::coordinator)};
  std::atomic<bool> finished{false};
  fleet::fleet_plan plan;
  plan.request.job = "scale";
  plan.request.server = "nobody";
  plan.request.port = 1;
  plan.request.name_space = "lab";
  plan.request.object = "object";
  plan.request.destination = "object";
  plan.request.together = true;
  plan.hosts = hosts;
  plan.finished = [&] { finished = true; };
  const auto begin = steady::now();
  const auto used_before = cpu_seconds();
  from.start(std::move(plan));
  double all_running = 0;
  double slowest_view = 0;
  std::size_t lost = 0;
  std::vector<bool> seen(hosts.size());
  while (!finished && since(begin) < arguments.seconds + 120.0) {
    const auto asked = steady::now();
    const auto view = from.view();
    slowest_view = std::max(slowest_view, since(asked));
    std::size_t running = 0;
    for (std::size_t i = 0; i < view.hosts.size(); ++i) {
      const auto phase = fleet::phase_of(view.hosts[i].report.phase);
      if (phase != fleet::job_phase::unknown)
        seen[i] = true;
      running += seen[i] ? 1 : 0;
      lost += seen[i] && !view.hosts[i].in_contact ? 1 : 0;
    }
    if (running == hosts.size() && all_running == 0)
      all_running = since(begin);
    // The pace of looking, as a display has it; nothing is synchronised by it.
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  const auto took = since(begin);
  const auto view = from.view();
  const auto succeeded = std::count_if(view.hosts.begin(), view.hosts.end(),
                                       [](const auto& one) { return one.succeeded; });
  const auto reports = 2.0 * static_cast<double>(hosts.size());
  fmt::print("agents                                  {}\n"
             "in processes                            {}\n"
             "all reached, by TLS, and started after  {:.2f} s\n"
             "job, of which the receptions take {:>3} s {:.2f} s\n"
             "reports a second                        {:.0f}\n"
             "coordinator's CPU                       {:.1f} % of a core\n"
             "slowest look at all hosts               {:.1f} ms\n"
             "hosts seen out of contact               {}\n"
             "succeeded                               {}\n",
             hosts.size(), arguments.processes, all_running, arguments.seconds, took, reports,
             100 * (cpu_seconds() - used_before) / took, 1000 * slowest_view, lost, succeeded);
  return lost == 0 && static_cast<std::size_t>(succeeded) == hosts.size() ? 0 : 1;
}

int run(const scale_arguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  testing::temporary_directory directory;
  testing::make_fleet_certificates(directory.path() / "fleet");
  std::vector<child> children;
  std::vector<fleet::fleet_host> hosts;
  for (unsigned i = 0; i < arguments.processes; ++i) {
    const auto count = arguments.agents / arguments.processes
                       + (i < arguments.agents % arguments.processes ? 1 : 0);
    children.push_back(start_process(count, 2 * arguments.seconds, directory.path() / "fleet"));
    for (unsigned k = 0; k < count; ++k) {
      std::uint16_t port = 0;
      if (::read(children.back().ports, &port, sizeof(port)) != sizeof(port))
        throw std::runtime_error{"a process with agents died"};
      hosts.push_back({"127.0.0.1", port});
    }
  }
  const int result = coordinate(hosts, directory.path() / "fleet", arguments);
  for (const auto& one : children)
    ::close(one.end);
  for (const auto& one : children)
    ::waitpid(one.pid, nullptr, 0);
  return result;
}

} // namespace

int main(int argc, char** argv) {
  scale_arguments arguments;
  CLI::App program{
    "Coordinates many agents over TLS on the loopback interface, and tells what that "
    "costs. Exit code 0: all succeeded, and none was out of contact for a moment."};
  program.add_option("--agents", arguments.agents)
    ->check(CLI::Range(1U, 4000U))
    ->capture_default_str();
  program.add_option("--processes", arguments.processes, "Among which the agents are shared")
    ->check(CLI::Range(1U, 64U))
    ->capture_default_str();
  program.add_option("--seconds", arguments.seconds, "That a job takes at each agent")
    ->check(CLI::Range(1U, 3600U))
    ->capture_default_str();
  CLI11_PARSE(program, argc, argv);
  return run(arguments);
}
