#include "apps/fleetcast/serve/serve.hpp"

#include "actors/io/network_interface.hpp"
#include "actors/io/port_range.hpp"
#include "actors/io/trial_switches.hpp"
#include "actors/messages/control_port.hpp"
#include "actors/observe/log.hpp"
#include "actors/runtime.hpp"
#include "actors/serve/authorization.hpp"
#include "actors/serve/control_listener.hpp"
#include "actors/serve/directory_provider.hpp"
#include "actors/serve/group_allocator.hpp"
#include "actors/serve/offer.hpp"
#include "actors/serve/server_budget.hpp"
#include "actors/serve/transmissions.hpp"
#include "actors/trust/identity.hpp"
#include "apps/common/say.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/daemon/daemon.hpp"
#include "apps/fleetcast/daemon/endpoint_text.hpp"
#include "apps/fleetcast/daemon/service_manager.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/loss_option.hpp"
#include "apps/fleetcast/serve/serve_options.hpp"
#include "apps/fleetcast/serve/serve_settings.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::apps {

namespace {

using protocol::failure;

constexpr const char* serve_footer
  = R"(Each namespace offers the regular files below its directory, by relative name;
nothing outside it can be reached. A transmission begins with the first request
for a file; later requests join it and get what they missed afterwards. Nothing
is sent while no receiver is listening.

To replace a file, write the new one elsewhere and rename it over the old one:
running transmissions finish with the old version. Writing into a file that is
being sent ends its transmission with error 1006, if it is noticed at all;
writes through a memory mapping may not be.

--config FILE has what is not given here, as TOML: each option by its name, with
underscores, and each namespace as a table. SIGHUP (systemctl reload
fleetcast-serve) reads it again: namespaces and lists of clients then change,
what is being sent goes on, and everything else waits for a restart. A file that
is not understood changes nothing; the log says why.
  rate = "800M"
  [namespace.images]
  directory = "/srv/images"

--authorized FILE serves only the clients listed in FILE, one per line: the
fingerprint that `fleetcast identity` prints on that host, then a label of your
choice; # begins a comment. NAMESPACE=FILE applies to that namespace alone, in
place of a FILE for all. Changes take effect with the next request. If a file
can no longer be read, nobody is served, and the log says why. Clients that do
not authenticate get error 1244; unlisted ones get error 5, with their
fingerprint in the message.

At most --max-transmissions objects are sent at once, and at most
--max-transmissions-per-source that were requested from one client address;
requests for more get error 54, try again later. --rate applies to each object,
--max-rate to all of them together. Both count UDP payload; headers add another
2 to 4 %.

--security none is for measurements on a private network: anyone on it can read,
forge and corrupt what is sent, and NOBODY NOTICES, since blocks are not
verified either. Only receivers started with `get --security none` are then
served; all others are refused.

Packets are at most 1500 bytes, or the interface's MTU if that is smaller. Set
--mtu to what every link to the receivers takes: 1400, say, behind tunnels, or
9000 where every host and switch takes jumbo frames, which saves processor time.

Network: TCP 5040 for control (TLS 1.3). UDP multicast to the receivers: each
transmission has its own group, and all groups use port 5041 until a range of
addresses is used up; the next groups use 5042, and so on. UDP unicast back to
the server: to an ephemeral port, or to one of --feedback-port. Each running
transmission takes one of these; when none is left, requests for further objects
get error 54, try again later.

`fleetcast console` and `fleetcast top` look into the running server; --metrics
serves its figures to Prometheus, at http://ADDR:PORT/metrics.

Examples:
  fleetcast serve --namespace images=/srv/images
  fleetcast serve --namespace images=/srv/images --metrics 9464
  fleetcast serve --namespace lab=/srv/lab --namespace iso=/srv/iso --rate 800M
  fleetcast serve --namespace lab=/srv/lab --rate-policy tcp-friendly
  fleetcast serve --namespace lab=/srv/lab --max-rate 500M --max-transmissions 8
  fleetcast serve --namespace t=. --listen 127.0.0.1:5040 --interface lo
  fleetcast serve --namespace lab=/srv/lab --authorized /etc/fleetcast/authorized_clients
  fleetcast serve --config /etc/fleetcast/server.toml

Exit codes: 0 after SIGINT or SIGTERM (or SIGHUP on a terminal), 1 when the
server cannot start, 2 wrong usage, 3 a file or directory of this host.
)";

tl::expected<actors::group_ranges, failure> parse_groups(const std::vector<std::string>& texts) {
  actors::group_ranges result;
  bool is_v4_given = false;
  bool is_v6_given = false;
  for (const auto& text : texts) {
    auto prefix = actors::group_prefix::parse(text);
    if (!prefix)
      return tl::unexpected{std::move(prefix.error())};
    if (std::exchange(prefix->base.is_v4() ? is_v4_given : is_v6_given, true))
      return tl::unexpected{failure{protocol::failure_code::invalid_argument, 0,
                                    "--group " + text
                                      + ": give one range for IPv4 and one for IPv6, not two for "
                                        "the same"}};
    (prefix->base.is_v4() ? result.v4 : result.v6) = *prefix;
  }
  return result;
}

tl::expected<actors::io::port_range, failure> parse_feedback_port(const std::string& text) {
  if (text.empty())
    return actors::io::port_range{};
  auto range = actors::io::port_range::parse(text);
  if (!range)
    range.error().text = "--feedback-port " + range.error().text;
  return range;
}

tl::expected<std::vector<actors::namespace_directory>, failure>
parse_namespaces(const std::vector<std::string>& texts) {
  std::vector<actors::namespace_directory> result;
  for (const auto& text : texts) {
    auto one = actors::namespace_directory::parse(text);
    if (!one)
      return tl::unexpected{std::move(one.error())};
    result.push_back(std::move(*one));
  }
  return result;
}

/// Nothing when everybody is served.
tl::expected<std::shared_ptr<actors::authorization>, failure>
read_authorized(const serve_arguments& arguments,
                const std::vector<actors::namespace_directory>& namespaces) {
  if (arguments.authorized.empty())
    return nullptr;
  std::vector<std::string> names;
  names.reserve(namespaces.size());
  for (const auto& one : namespaces)
    names.push_back(one.name);
  auto made = actors::authorization::make(arguments.authorized, names);
  if (!made)
    return tl::unexpected{std::move(made.error())};
  return std::make_shared<actors::authorization>(std::move(*made));
}

/// Why the server cannot do what it was told, and the code to exit with.
struct serve_refusal {
  failure reason;
  int code = exit_code::usage;
};

template <class T>
using serve_checked = tl::expected<T, serve_refusal>;

tl::unexpected<serve_refusal> refuse_to_serve(failure reason, int code = exit_code::usage) {
  return tl::unexpected{serve_refusal{std::move(reason), code}};
}

serve_checked<actors::offer_terms> terms_of(const serve_arguments& arguments) {
  const auto namespaces = parse_namespaces(arguments.namespaces);
  if (!namespaces)
    return refuse_to_serve(namespaces.error());
  const auto catalog = actors::directory_provider::make(*namespaces);
  if (!catalog)
    return refuse_to_serve(catalog.error(), exit_code::local_file);
  const auto authorized = read_authorized(arguments, *namespaces);
  if (!authorized)
    return refuse_to_serve(authorized.error(), exit_code::local_file);
  return actors::offer_terms{*catalog, *authorized};
}

serve_checked<settled> settle(const serve_settings& settings) {
  auto result = settings.settle();
  if (!result) {
    const bool is_misuse = result.error().code == protocol::failure_code::invalid_argument;
    return refuse_to_serve(result.error(), is_misuse ? exit_code::usage : exit_code::local_file);
  }
  return *std::move(result);
}

/// Why --rate and --rate-policy contradict each other, if they do.
failure check_rate(const serve_arguments& arguments) {
  const auto is_fixed = arguments.policy == protocol::rate_policy::fixed;
  if (is_fixed && arguments.rate == 0)
    return {protocol::failure_code::invalid_argument, 0,
            "--rate-policy fixed needs a rate: say --rate 800M"};
  if (!is_fixed && arguments.rate != 0 && arguments.is_policy_given)
    return {protocol::failure_code::invalid_argument, 0,
            "--rate fixes the rate, and the other --rate-policy searches for it: leave one out"};
  if (arguments.max_rate != 0 && arguments.rate > arguments.max_rate)
    return {protocol::failure_code::invalid_argument, 0,
            "--rate is for each transmission and --max-rate for all together, so it cannot be the "
            "lower one: raise --max-rate or lower --rate"};
  return {};
}

/// Settings whose text stands for something else.
struct parsed_settings {
  boost::asio::ip::tcp::endpoint listen;
  actors::group_ranges groups;
  actors::io::port_range feedback_ports;
};

/// Or what is wrong with them, as far as they themselves show it.
tl::expected<parsed_settings, failure> parse_settings(const serve_arguments& arguments) {
  if (auto contradiction = check_rate(arguments))
    return tl::unexpected{std::move(contradiction)};
  const auto listen = parse_endpoint(arguments.listen, actors::default_control_port);
  if (!listen)
    return tl::unexpected{listen.error()};
  const auto groups = parse_groups(arguments.groups);
  if (!groups)
    return tl::unexpected{groups.error()};
  const auto ports = parse_feedback_port(arguments.feedback_port);
  if (!ports)
    return tl::unexpected{ports.error()};
  return parsed_settings{*listen, *groups, *ports};
}

// -- SIGHUP -------------------------------------------------------------------------------------------

/// Lists are read again with the requests that they are for. But one that cannot be used lets nobody in, so that is told
/// at once, rather than when the first client is turned away.
failure look_at_lists(const serve_arguments& arguments) {
  const auto namespaces = parse_namespaces(arguments.namespaces);
  if (!namespaces)
    return {};
  const auto lists = read_authorized(arguments, *namespaces);
  if (lists)
    return {};
  actors::log().error("SIGHUP: nobody is let in by a list of authorized clients: {}",
                      lists.error().text);
  return lists.error();
}

std::string in_a_row(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// What of the settings counts while the server runs.
constexpr std::array reloaded_options{"--authorized", "--namespace"};

/// Those that were changed in the file, but not for this process.
std::vector<std::string> changed_for_a_restart(const option_values& running,
                                               const option_values& next) {
  auto result = differences(running, next);
  std::erase_if(result, [](const std::string& name) {
    return std::find(reloaded_options.begin(), reloaded_options.end(), name)
           != reloaded_options.end();
  });
  return result;
}

/// Takes what is offered from the file. What cannot be used changes nothing, and is told.
failure read_again(const serve_settings& settings, settled& running, actors::offer& offered) {
  const auto next = settings.settle();
  if (!next)
    return next.error();
  if (const auto parsed = parse_settings(next->arguments); !parsed)
    return parsed.error();
  const auto terms = terms_of(next->arguments);
  if (!terms)
    return terms.error().reason;
  offered.replace(*terms);
  running.arguments.namespaces = next->arguments.namespaces;
  running.arguments.authorized = next->arguments.authorized;
  actors::log().info("SIGHUP: {} was read again; offered from now on: {}", settings.file(),
                     in_a_row(next->arguments.namespaces));
  if (const auto others = changed_for_a_restart(running.values, next->values); !others.empty())
    actors::log().warn("SIGHUP: changed in {}, but these take a restart: {}", settings.file(),
                       in_a_row(others));
  return {};
}

/// Gives what could not be read again.
failure reload(const serve_settings& settings, settled& running, actors::offer& offered) {
  if (!settings.file().empty()) {
    auto failed = read_again(settings, running, offered);
    if (!failed)
      return {};
    actors::log().error("SIGHUP: all settings stay as they are: {}", failed.text);
    look_at_lists(running.arguments);
    return failed;
  }
  actors::log().info("SIGHUP: lists of authorized clients are read again for each request "
                     "anyway; the server's identity and all settings take a restart");
  return look_at_lists(running.arguments);
}

// -- the server ---------------------------------------------------------------------------------------

actors::control_listener_actor
start_listener(actors::runtime& runtime, const actors::listening_sockets& sockets,
               const std::shared_ptr<const actors::io::identity>& who,
               const std::shared_ptr<actors::offer>& offered) {
  using pointer = actors::control_listening_actor::stateful_pointer<actors::control_listener_state>;
  const auto start = [&io = runtime.io(), who, offered, manager = runtime.manager()](
                       pointer self, const actors::listening_sockets& on) {
    return actors::control_listener(self, io, on, who, offered, manager, {});
  };
  return runtime.system().spawn(start, sockets);
}

/// Waits until the listener has begun, with the last thread that a server needs; false: it gave up.
bool is_listening(actors::runtime& runtime, const actors::control_listener_actor& listener) {
  caf::scoped_actor self{runtime.system()};
  bool result = false;
  self->request(listener, caf::infinite, actors::status_atom::value)
    .receive([&](const actors::status_snapshot&) { result = true; }, [](const caf::error&) {});
  return result;
}

/// A listener that gives up says why in one sentence; one that crashed does not.
std::string reason_of(const caf::error& why, const caf::actor_system& system) {
  if (why && why.context().match_elements<std::string>())
    return why.context().get_as<std::string>(0);
  return "the control listener crashed (" + system.render(why)
         + "); see the log above, and start the server again";
}

/// All that has to make sense before anything is started.
struct serve_plan {
  actors::offer_terms terms;
  boost::asio::ip::tcp::endpoint listen;
  actors::send_options sending;
};

serve_checked<actors::send_options> sending_of(const serve_arguments& arguments,
                                               const parsed_settings& parsed) {
  // It may come later, as addresses do: no misuse.
  if (!arguments.interface.empty())
    if (const auto found = actors::io::find_interface(arguments.interface); !found)
      return refuse_to_serve(found.error(), exit_code::failure);
  const auto state = state_directory(arguments.state_dir);
  auto identity = actors::io::load_or_create_identity(state);
  if (!identity)
    return refuse_to_serve(identity.error(), exit_code::local_file);
  actors::send_options result;
  result.identity = std::make_shared<const actors::io::identity>(std::move(*identity));
  result.groups = actors::group_allocator::make(parsed.groups);
  result.fixed_rate = arguments.rate;
  result.policy = arguments.policy;
  if (arguments.max_rate != 0)
    result.budget = actors::server_budget::make(arguments.max_rate);
  result.bounds = arguments.bounds;
  result.ttl = arguments.ttl;
  result.mtu = arguments.mtu;
  result.interface = arguments.interface;
  result.feedback_ports = parsed.feedback_ports;
  result.unsealed = arguments.security == "none";
  if (!arguments.no_digest_cache && !result.unsealed)
    result.digests = state / "digests";
  return result;
}

serve_checked<serve_plan> plan(const serve_arguments& arguments) {
  const auto parsed = parse_settings(arguments);
  if (!parsed)
    return refuse_to_serve(parsed.error());
  auto terms = terms_of(arguments);
  if (!terms)
    return tl::unexpected{std::move(terms.error())};
  auto sending = sending_of(arguments, *parsed);
  if (!sending)
    return tl::unexpected{std::move(sending.error())};
  return serve_plan{std::move(*terms), parsed->listen, std::move(*sending)};
}

/// Where clients find the server, for people and for systemd. Gives what systemd was told.
std::string announce(const actors::listening_sockets& sockets, const std::string& fingerprint,
                     const std::unique_ptr<metrics_endpoint>& metrics) {
  std::string where;
  for (const auto& endpoint : sockets.endpoints()) {
    say(stdout, "listening on {}\n", to_text(endpoint));
    where += (where.empty() ? "" : ", ") + to_text(endpoint);
  }
  say(stdout, "fingerprint {}\n", fingerprint);
  if (metrics)
    say(stdout, "metrics http://{}/metrics\n", metrics->address());
  auto status = "Listening on " + where + "; fingerprint " + fingerprint;
  tell_ready(status);
  return status;
}

/// Until somebody ends it. Gives the exit code.
int run(actors::runtime& runtime, const serve_settings& settings, settled& running,
        const serve_plan& plan, signal_events& signals, event_flag& listener_gone) {
  const auto metrics = expose(runtime, running.arguments.daemon);
  if (!metrics)
    return complain("serve", metrics.error(), exit_code_of(metrics.error()));
  const auto sockets = actors::listen_on(runtime.io(), plan.listen);
  if (!sockets)
    return complain("serve", sockets.error());
  const auto offered = std::make_shared<actors::offer>(plan.terms);
  const auto listener = start_listener(runtime, *sockets, plan.sending.identity, offered);
  const auto control = caf::actor_cast<caf::actor>(listener);
  const auto why_gone = std::make_shared<std::string>();
  caf::actor_cast<caf::strong_actor_ptr>(listener)->get()->attach_functor(
    [why_gone, &listener_gone, &system = runtime.system()](const caf::error& why) {
      *why_gone = reason_of(why, system);
      listener_gone.set();
    });
  runtime.show(control);
  std::string status;
  if (is_listening(runtime, listener))
    status = announce(*sockets, plan.sending.identity->fingerprint(), *metrics);

  const daemon_duties duties{std::move(status), [&] { return reload(settings, running, *offered); },
                             nullptr, [&] { return answers(runtime, control); }};
  const bool signalled = wait_for_signal(signals, listener_gone, duties);
  tell_stopping();
  if (!signalled)
    return complain("serve", "clients cannot be served any more: " + *why_gone);
  signals.let_go();
  actors::tell_left_out(true);
  actors::log().info("{}: shutting down", strsignal(signals.last_signal()));
  caf::anon_send(listener, actors::stop_atom::value);
  return exit_code::success;
}

int serve(const serve_settings& settings) {
  auto running = settle(settings);
  if (!running)
    return complain("serve", running.error().reason, running.error().code);
  const auto& arguments = running->arguments;
  inject_loss(arguments.inject_loss);
  if (const auto wrong = actors::io::wrong_trial_switch(); !wrong.empty())
    return complain("serve", wrong);
  signal_events signals;
  raise_descriptor_limit();
  const auto planned = plan(arguments);
  if (!planned)
    return complain("serve", planned.error().reason, planned.error().code);
  set_up_log(arguments.daemon.log_level);
  if (planned->sending.unsealed)
    actors::log().warn("--security none: datagrams are NOT sealed and blocks are NOT verified; "
                       "anybody on this network can read and forge them");
  event_flag listener_gone; // outlives the runtime
  actors::runtime_options options;
  options.serving = actors::serving(planned->sending);
  options.console = console_of(arguments.daemon, "fleetcast-serve");
  const auto started = actors::runtime::start(options);
  if (!started)
    return complain("serve", started.error());
  return run(**started, settings, *running, *planned, signals, listener_gone);
}

} // namespace

void register_serve(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<serve_arguments>();
  auto file = std::make_shared<std::string>();
  auto* command = program.add_subcommand("serve", "Offer directories to receivers");
  command->footer(serve_footer);
  add_serve_options(*command, *arguments);
  command
    ->add_option("--config", *file,
                 "Read settings not given on the command line from FILE; SIGHUP rereads it")
    ->type_name("FILE");
  command->callback([arguments, file, command, &selected] {
    selected = [arguments, file, flags = given_on(*command)] {
      return serve(serve_settings{flags, *file});
    };
  });
}

} // namespace fleetcast::apps
