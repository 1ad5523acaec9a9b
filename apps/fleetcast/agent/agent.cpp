#include "apps/fleetcast/agent/agent.hpp"

#include "actors/fleet/agent.hpp"
#include "actors/fleet/agent_port.hpp"
#include "actors/fleet/link_acceptor.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/io/trial_switches.hpp"
#include "actors/observe/log.hpp"
#include "actors/runtime.hpp"
#include "actors/serve/listening_sockets.hpp"
#include "apps/common/leftovers.hpp"
#include "apps/common/say.hpp"
#include "apps/fleetcast/agent/agent_credentials.hpp"
#include "apps/fleetcast/agent/agent_files.hpp"
#include "apps/fleetcast/agent/kept_jobs.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/daemon/daemon.hpp"
#include "apps/fleetcast/daemon/endpoint_text.hpp"
#include "apps/fleetcast/daemon/service_manager.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "protocol/utc_text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

namespace fleetcast::apps {

namespace {

namespace fleet = actors::fleet;

using protocol::failure;

constexpr const char* certificate_directory = "/etc/fleetcast/agent";

struct agent_arguments {
  std::string listen = "[::]:5045";
  std::string certificate = std::string{certificate_directory} + "/host.pem";
  std::string key = std::string{certificate_directory} + "/host.key";
  std::string ca = std::string{certificate_directory} + "/ca.pem";
  std::string allowed = "/srv/fleetcast";
  std::string verifier;
  std::string state_dir;
  std::size_t max_jobs = fleet::agent_limits{}.running;
  std::uint32_t patience = 600; ///< seconds
  daemon_options daemon;
  bool certificates_chosen = false;
};

constexpr const char* agent_footer
  = R"(An agent takes jobs from the coordinators of its fleet (`fleetcast fleet get`):
it receives an object and stores it below --allow-dir, and nowhere else, not
through a symbolic link either. A file appears under its name only when it is
whole and verified.

Certificates come from `fleetcast fleet cert host NAME`: copy what it makes to
/etc/fleetcast/agent. Anyone with a coordinator's certificate of the same
authority may start jobs; anyone else is ignored. Without certificates an agent
listens on this host only (127.0.0.1, ::1) and serves any local user. SIGHUP
(systemctl reload fleetcast-agent) makes it read the certificates again; jobs
and connections go on. From 30 days before its certificate expires, it says so
in its log once a day.

A job outlives the agent: one that is not over when the agent is stopped or
killed, or the host is restarted, goes on when the agent is back, with what had
arrived (it is read again, and checked against the server's digests). If the
server goes away, a job waits for it, for ten minutes or what --patience says.

--verify PROGRAM has the last word on this host: it is run, as the agent's user,
with the path of each finished file before that file gets its name. Any exit
code other than 0 rejects the file.

`fleetcast console` and `fleetcast top` look into the running agent; --metrics
serves its figures to Prometheus.

Network: TCP 5045 from coordinators; to servers as `fleetcast get`.

Examples:
  fleetcast agent --allow-dir /srv/images
  fleetcast agent --listen 10.0.0.7:5045 --allow-dir /srv/images --max-jobs 2
  fleetcast agent --listen 127.0.0.1:5045 --allow-dir /tmp/incoming
  systemctl enable --now fleetcast-agent

Exit codes: 0 after SIGINT or SIGTERM (or SIGHUP on a terminal), 1 when the
agent cannot start, 2 wrong usage, 3 a file or directory of this host.
)";

/// Certificates are all that an agent keeps from its start on and that can change without it. Gives why they could not be
/// read again.
failure reload(agent_credentials& credentials, fleet::link_acceptor& acceptor) {
  auto failed = credentials.load();
  if (failed) {
    actors::log().error("SIGHUP: certificate, key and authority stay as they are: {}", failed.text);
  } else if (const auto& context = credentials.context()) {
    acceptor.use(context);
    actors::log().info(
      "SIGHUP: certificate, key and authority were read again, for connections that come "
      "from now on; the certificate expires at {}",
      protocol::utc_text(fleet::expiry_of(context)));
  } else {
    actors::log().info("SIGHUP: there are no certificates, as before");
  }
  actors::log().info("SIGHUP: known servers and this host's identity are read for each job anyway; "
                     "settings take a restart");
  return failed;
}

void warn_of_expiry(agent_credentials& credentials) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (const auto due = credentials.look(now); !due.empty())
    actors::log().warn("{}", due);
}

/// Until somebody ends it. Gives the exit code.
int run(actors::runtime& runtime, const actors::listening_sockets& sockets,
        agent_credentials& credentials, const std::shared_ptr<agent_files>& files,
        const agent_arguments& arguments, signal_events& signals, event_flag& agent_gone) {
  const auto state = std::filesystem::absolute(state_directory(arguments.state_dir));
  fleet::agent_limits limits;
  limits.running = arguments.max_jobs;
  if (auto store = kept_jobs::open(state / "agent-jobs"))
    limits.store = *std::move(store);
  else
    actors::log().warn("{}; jobs that are not over end with this agent", store.error().text);
  const fleet::link_border border;
  limits.frames = border.tally;
  limits.certificate_expires = credentials.expires();
  auto started
    = fleet::start_agent(runtime.system(),
                         fleet::storing_parts(files, runtime.manager(),
                                              {state / "known_servers", state / "identity",
                                               std::chrono::seconds{arguments.patience}}),
                         limits);
  if (!started)
    return complain("agent", started.error());
  auto agent = *std::move(started);
  runtime.show(caf::actor_cast<caf::actor>(agent));
  caf::actor_cast<caf::strong_actor_ptr>(agent)->get()->attach_functor(
    [&agent_gone](const caf::error&) { agent_gone.set(); });
  const auto acceptor = std::make_shared<fleet::link_acceptor>(
    runtime.system(), runtime.io(), sockets, credentials.context(),
    caf::actor_cast<fleet::agent_actor>(agent), border);
  acceptor->start();
  std::string where;
  for (const auto& endpoint : sockets.endpoints()) {
    say(stdout, "listening on {}\n", to_text(endpoint));
    where += (where.empty() ? "" : ", ") + to_text(endpoint);
  }
  const auto status = "Listening on " + where;
  tell_ready(status);

  const bool signalled = wait_for_signal(
    signals, agent_gone,
    {status, [&] { return reload(credentials, *acceptor); }, [&] { warn_of_expiry(credentials); },
     [&] { return answers(runtime, caf::actor_cast<caf::actor>(agent)); }});
  tell_stopping();
  acceptor->close();
  if (!signalled) {
    say(stderr, "fleetcast agent: the agent crashed; see the log above, and start "
                "the agent again\n");
    return exit_code::failure;
  }
  signals.let_go();
  actors::tell_left_out(true);
  actors::log().info("{}: shutting down", strsignal(signals.last_signal()));
  {
    // Not anonymous: an agent lets nobody else stop it.
    caf::scoped_actor self{runtime.system()};
    self->monitor(agent);
    self->send(agent, actors::stop_atom::value);
    agent = nullptr;
    self->receive([](const caf::down_msg&) {});
  }
  return exit_code::success;
}

int agent(const agent_arguments& arguments) {
  if (const auto wrong = actors::io::wrong_trial_switch(); !wrong.empty())
    return complain("agent", wrong);
  signal_events signals;
  raise_descriptor_limit();
  const auto listen = parse_endpoint(arguments.listen, fleet::default_agent_port);
  if (!listen)
    return complain("agent", listen.error(), exit_code::usage);
  agent_credentials credentials{{arguments.certificate, arguments.key, arguments.ca},
                                arguments.certificates_chosen,
                                listen->address()};
  if (const auto failed = credentials.load())
    return complain("agent", failed,
                    arguments.certificates_chosen ? exit_code::local_file : exit_code::failure);
  const auto files = agent_files::make(arguments.allowed, arguments.verifier);
  if (!files)
    return complain("agent", files.error(), exit_code::local_file);
  set_up_log(arguments.daemon.log_level);
  if (!credentials.context())
    actors::log().warn("no certificates: anybody on this host may have files written below {}",
                       arguments.allowed);
  if (const auto removed = sweep_tree(arguments.allowed); removed > 0)
    actors::log().info("{}: removed {} unfinished files of an agent that was killed",
                       arguments.allowed, removed);
  event_flag agent_gone; // outlives the runtime
  actors::runtime_options options;
  options.configure = fleet::configure_network;
  options.console = console_of(arguments.daemon, "fleetcast-agent");
  const auto started = actors::runtime::start(options);
  if (!started)
    return complain("agent", started.error());
  auto& runtime = **started;
  const auto metrics = expose(runtime, arguments.daemon);
  if (!metrics)
    return complain("agent", metrics.error(), exit_code_of(metrics.error()));
  if (*metrics)
    say(stdout, "metrics http://{}/metrics\n", (*metrics)->address());
  const auto sockets = actors::listen_on(runtime.io(), *listen);
  if (!sockets)
    return complain("agent", sockets.error());
  return run(runtime, *sockets, credentials, *files, arguments, signals, agent_gone);
}

} // namespace

void register_agent(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<agent_arguments>();
  auto* command = program.add_subcommand("agent", "Let a fleet's coordinators bring files here");
  command->footer(agent_footer);
  command
    ->add_option("--listen,-l", arguments->listen,
                 "Where to wait for coordinators; [::] takes IPv4 and IPv6")
    ->capture_default_str()
    ->type_name("ADDR[:PORT]");
  command
    ->add_option("--allow-dir,-d", arguments->allowed,
                 "Write below this directory only; it has to be there")
    ->capture_default_str()
    ->type_name("DIR");
  auto* certificate
    = command->add_option("--cert", arguments->certificate, "This host's certificate")
        ->capture_default_str()
        ->type_name("FILE");
  auto* key = command->add_option("--key", arguments->key, "Its private key, mode 0600")
                ->capture_default_str()
                ->type_name("FILE");
  auto* ca = command->add_option("--ca", arguments->ca, "The fleet's authority")
               ->capture_default_str()
               ->type_name("FILE");
  certificate->needs(key, ca);
  key->needs(certificate, ca);
  ca->needs(certificate, key);
  command
    ->add_option("--verify", arguments->verifier,
                 "Program that may refuse a whole file before it takes its name")
    ->type_name("PROGRAM");
  command->add_option("--max-jobs", arguments->max_jobs, "Jobs at once; more are refused")
    ->check(CLI::Range(std::size_t{1}, std::size_t{64}))
    ->capture_default_str()
    ->type_name("N");
  command
    ->add_option("--patience", arguments->patience,
                 "How long a job waits for a server that went away; 0: not at all")
    ->check(CLI::Range(0, 86400))
    ->capture_default_str()
    ->type_name("SECONDS");
  command
    ->add_option("--state-dir", arguments->state_dir,
                 "Where known_servers, this host's identity and jobs that are not over are kept "
                 "(default: /var/lib/fleetcast for root, else ~/.local/state/fleetcast)")
    ->type_name("DIR");
  add_daemon_options(*command, arguments->daemon);
  command->callback([arguments, certificate, &selected] {
    arguments->certificates_chosen = certificate->count() > 0;
    selected = [arguments] { return agent(*arguments); };
  });
}

} // namespace fleetcast::apps
