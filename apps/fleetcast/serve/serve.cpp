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
#include "actors/serve/server_budget.hpp"
#include "actors/serve/transmissions.hpp"
#include "actors/trust/identity.hpp"
#include "apps/common/say.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/daemon/daemon.hpp"
#include "apps/fleetcast/daemon/endpoint_text.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/loss_option.hpp"
#include "apps/fleetcast/rate_policies.hpp"
#include "protocol/block_shape.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::apps {

namespace {

using protocol::failure;

struct serve_arguments {
  std::vector<std::string> namespaces;
  std::string listen = "[::]:5040";
  std::string interface;
  std::vector<std::string> authorized;
  std::vector<std::string> groups;
  std::string feedback_port;
  std::uint64_t rate = 0;
  std::uint64_t max_rate = 0;
  actors::transmission_bounds bounds;
  protocol::rate_policy policy = protocol::rate_policy::adaptive;
  bool is_policy_given = false;
  unsigned ttl = 1;
  std::size_t mtu = 0;
  std::string security = "sealed";
  double inject_loss = 0;
  std::string state_dir;
  daemon_options daemon;
};

/// Each takes some threads and megabytes.
constexpr std::size_t most_transmissions = 4096;

/// What IP can say of a packet's size.
constexpr std::size_t most_mtu = 65'535;

constexpr const char* serve_footer
  = R"(Each namespace offers the regular files below its directory, by relative name;
nothing outside it can be reached. A transmission begins with the first request
for a file; later requests join it and get what they missed afterwards. Nothing
is sent while no receiver is listening.

To replace a file, write the new one elsewhere and rename it over the old one:
running transmissions finish with the old version. Writing into a file that is
being sent ends its transmission with error 1006, if it is noticed at all;
writes through a memory mapping may not be.

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

/// Lists are read again with the requests that they are for. But one that cannot be used lets nobody in, so that is told
/// at once, rather than when the first client is turned away.
void look_at_lists(const serve_arguments& arguments,
                   const std::vector<actors::namespace_directory>& namespaces) {
  if (const auto lists = read_authorized(arguments, namespaces); !lists)
    actors::log().error("SIGHUP: nobody is let in by a list of authorized clients: {}",
                        lists.error().text);
  actors::log().info("SIGHUP: lists of authorized clients are read again for each request anyway; "
                     "the server's identity and all settings take a restart");
}

actors::control_listener_actor
start_listener(actors::runtime& runtime, const actors::listening_sockets& sockets,
               const std::shared_ptr<const actors::io::identity>& who,
               const std::shared_ptr<actors::content_catalog>& catalog,
               const std::shared_ptr<actors::authorization>& authorized) {
  using pointer = actors::control_listening_actor::stateful_pointer<actors::control_listener_state>;
  const auto start = [&io = runtime.io(), who, catalog, authorized, manager = runtime.manager()](
                       pointer self, const actors::listening_sockets& on) {
    return actors::control_listener(self, io, on, who, catalog, manager, {}, authorized);
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

int serve(const serve_arguments& arguments) {
  inject_loss(arguments.inject_loss);
  if (const auto wrong = actors::io::wrong_trial_switch(); !wrong.empty())
    return complain("serve", wrong);
  signal_events signals;
  raise_descriptor_limit();
  if (const auto contradiction = check_rate(arguments))
    return complain("serve", contradiction, exit_code::usage);
  const auto namespaces = parse_namespaces(arguments.namespaces);
  if (!namespaces)
    return complain("serve", namespaces.error(), exit_code::usage);
  const auto catalog = actors::directory_provider::make(*namespaces);
  if (!catalog)
    return complain("serve", catalog.error(), exit_code::local_file);
  const auto authorized = read_authorized(arguments, *namespaces);
  if (!authorized)
    return complain("serve", authorized.error());
  const auto groups = parse_groups(arguments.groups);
  if (!groups)
    return complain("serve", groups.error(), exit_code::usage);
  const auto listen = parse_endpoint(arguments.listen, actors::default_control_port);
  if (!listen)
    return complain("serve", listen.error(), exit_code::usage);
  if (!arguments.interface.empty())
    if (const auto found = actors::io::find_interface(arguments.interface); !found)
      return complain("serve", found.error(), exit_code::usage);
  const auto feedback_ports = parse_feedback_port(arguments.feedback_port);
  if (!feedback_ports)
    return complain("serve", feedback_ports.error(), exit_code::usage);
  auto identity = actors::io::load_or_create_identity(state_directory(arguments.state_dir));
  if (!identity)
    return complain("serve", identity.error());
  const auto who = std::make_shared<const actors::io::identity>(std::move(*identity));
  set_up_log(arguments.daemon.log_level);

  event_flag listener_gone; // both outlive the runtime
  std::string why_gone;
  actors::send_options sending;
  sending.identity = who;
  sending.groups = actors::group_allocator::make(*groups);
  sending.fixed_rate = arguments.rate;
  sending.policy = arguments.policy;
  if (arguments.max_rate != 0)
    sending.budget = actors::server_budget::make(arguments.max_rate);
  sending.bounds = arguments.bounds;
  sending.ttl = arguments.ttl;
  sending.mtu = arguments.mtu;
  sending.interface = arguments.interface;
  sending.feedback_ports = *feedback_ports;
  sending.unsealed = arguments.security == "none";
  if (sending.unsealed)
    actors::log().warn("--security none: datagrams are NOT sealed and blocks are NOT verified; "
                       "anybody on this network can read and forge them");
  actors::runtime_options options;
  options.serving = actors::serving(std::move(sending));
  options.console = console_of(arguments.daemon, "fleetcast-serve");
  const auto started = actors::runtime::start(options);
  if (!started)
    return complain("serve", started.error());
  auto& runtime = **started;
  const auto metrics = expose(runtime, arguments.daemon);
  if (!metrics)
    return complain("serve", metrics.error(), exit_code_of(metrics.error()));
  const auto sockets = actors::listen_on(runtime.io(), *listen);
  if (!sockets)
    return complain("serve", sockets.error());
  const auto listener = start_listener(runtime, *sockets, who, *catalog, *authorized);
  caf::actor_cast<caf::strong_actor_ptr>(listener)->get()->attach_functor(
    [&, &system = runtime.system()](const caf::error& why) {
      why_gone = reason_of(why, system);
      listener_gone.set();
    });
  runtime.show(caf::actor_cast<caf::actor>(listener));
  if (is_listening(runtime, listener)) {
    for (const auto& endpoint : sockets->endpoints())
      say(stdout, "listening on {}\n", to_text(endpoint));
    say(stdout, "fingerprint {}\n", who->fingerprint());
    if (*metrics)
      say(stdout, "metrics http://{}/metrics\n", (*metrics)->address());
  }

  if (!wait_for_signal(signals, listener_gone, {[&] { look_at_lists(arguments, *namespaces); }}))
    return complain("serve", "clients cannot be served any more: " + why_gone);
  signals.let_go();
  actors::tell_left_out(true);
  actors::log().info("{}: shutting down", strsignal(signals.last_signal()));
  caf::anon_send(listener, actors::stop_atom::value);
  return exit_code::success;
}

void add_rate_option(CLI::App& command, const std::string& name, std::uint64_t& rate,
                     const std::string& help) {
  command.add_option(name, rate, help)
    ->transform(CLI::AsNumberWithUnit(
      std::map<std::string, std::uint64_t>{{"k", 1'000}, {"m", 1'000'000}, {"g", 1'000'000'000}},
      CLI::AsNumberWithUnit::CASE_INSENSITIVE))
    ->check(CLI::Range(std::uint64_t{100'000}, std::uint64_t{400'000'000'000}))
    ->type_name("BITS[k|M|G]");
}

} // namespace

void register_serve(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<serve_arguments>();
  auto* command = program.add_subcommand("serve", "Offer directories to receivers");
  command->footer(serve_footer);
  command
    ->add_option("--namespace,-n", arguments->namespaces,
                 "NAME=DIR: offer the files below DIR as NAME/… (repeatable)")
    ->required()
    ->type_name("NAME=DIR");
  command
    ->add_option("--listen,-l", arguments->listen,
                 "Where to accept control connections; [::] takes IPv4 and IPv6")
    ->capture_default_str()
    ->type_name("ADDR[:PORT]");
  command
    ->add_option(
      "--interface,-i", arguments->interface,
      "Send multicast on this interface; without it, on the one whose route leads to the client")
    ->type_name("IFACE|ADDR");
  command
    ->add_option("--authorized,-a", arguments->authorized,
                 "Serve only clients whose fingerprints are in FILE; for one namespace or for all "
                 "others (repeatable)")
    ->type_name("[NAMESPACE=]FILE");
  command
    ->add_option(
      "--group,-g", arguments->groups,
      "Multicast addresses to use: one range for IPv4, one for IPv6 (repeatable; default "
      "239.255.0.0/16 and ff15::f1ee:8000:0/112)")
    ->type_name("ADDR[/PREFIX]");
  add_rate_option(
    *command, "--rate,-r", arguments->rate,
    "Send each object at this rate, bits per second; without it, as fast as the slowest receiver's "
    "path and disk take it");
  add_rate_option(*command, "--max-rate", arguments->max_rate,
                  "Send no faster than this in all, however many objects are sent at once: they "
                  "share it fairly, and what one does not use goes to the others");
  command
    ->add_option(
      "--feedback-port", arguments->feedback_port,
      "Hear feedback on UDP ports of this range only, for firewalls: each transmission takes "
      "one (default: any port)")
    ->type_name("PORT[-PORT]");
  command
    ->add_option("--max-transmissions", arguments->bounds.in_all,
                 "Send at most N objects at once; requests for another get error 54, try again "
                 "later. What is being sent can always be joined")
    ->check(CLI::Range(std::size_t{1}, most_transmissions))
    ->capture_default_str()
    ->type_name("N");
  command
    ->add_option("--max-transmissions-per-source", arguments->bounds.of_one_source,
                 "Of those, at most N that were requested from one client address (IPv6: one /64)")
    ->check(CLI::Range(std::size_t{1}, most_transmissions))
    ->capture_default_str()
    ->type_name("N");
  auto* policy = command->add_option(
    "--rate-policy", arguments->policy,
    "adaptive: as fast as the slowest receiver's path takes it; tcp-friendly: as a TCP "
    "flow would, where others share the path; fixed: at --rate, which implies it "
    "(default adaptive)");
  policy->transform(rate_policy_names())->type_name("POLICY");
  command
    ->add_option("--ttl", arguments->ttl,
                 "How far multicast may go: 1 stays on the local network, each router takes one")
    ->check(CLI::Range(1U, 255U))
    ->capture_default_str()
    ->type_name("N");
  command
    ->add_option(
      "--mtu", arguments->mtu,
      "Send packets of up to N bytes, which every link to the receivers must take whole: "
      "less for tunnels, more for jumbo frames (default 1500; less where the interface "
      "takes less)")
    ->check(CLI::Range(protocol::packet_size(protocol::symbol_sizes.front(), true), most_mtu))
    ->type_name("N");
  command
    ->add_option("--security", arguments->security,
                 "none: seal nothing, verify nothing, serve only hosts that ask for that; for "
                 "measurements, DANGEROUS anywhere else")
    ->check(CLI::IsMember({"sealed", "none"}))
    ->capture_default_str()
    ->type_name("sealed|none");
  add_loss_option(*command, arguments->inject_loss);
  command
    ->add_option("--state-dir", arguments->state_dir,
                 "Where the server's identity is kept (default: /var/lib/fleetcast for root, else "
                 "~/.local/state/fleetcast)")
    ->type_name("DIR");
  add_daemon_options(*command, arguments->daemon);
  command->callback([arguments, policy, &selected] {
    arguments->is_policy_given = policy->count() > 0;
    selected = [arguments] { return serve(*arguments); };
  });
}

} // namespace fleetcast::apps
