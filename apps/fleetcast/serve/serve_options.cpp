#include "apps/fleetcast/serve/serve_options.hpp"

#include "apps/fleetcast/loss_option.hpp"
#include "apps/fleetcast/rate_policies.hpp"
#include "protocol/block_shape.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <map>

namespace fleetcast::apps {

namespace {

/// Each takes some threads and megabytes.
constexpr std::size_t most_transmissions = 4096;

/// What IP can say of a packet's size.
constexpr std::size_t most_mtu = 65'535;

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

void add_serve_options(CLI::App& command, serve_arguments& arguments) {
  command
    .add_option(
      "--namespace,-n", arguments.namespaces,
      "NAME=DIR: offer the files below DIR as NAME/… (repeatable; at least one, here or in "
      "--config)")
    ->type_name("NAME=DIR");
  command
    .add_option("--listen,-l", arguments.listen,
                "Where to accept control connections; [::] takes IPv4 and IPv6")
    ->capture_default_str()
    ->type_name("ADDR[:PORT]");
  command
    .add_option(
      "--interface,-i", arguments.interface,
      "Send multicast on this interface; without it, on the one whose route leads to the client")
    ->type_name("IFACE|ADDR");
  command
    .add_option("--authorized,-a", arguments.authorized,
                "Serve only clients whose fingerprints are in FILE; for one namespace or for all "
                "others (repeatable)")
    ->type_name("[NAMESPACE=]FILE");
  command
    .add_option("--group,-g", arguments.groups,
                "Multicast addresses to use: one range for IPv4, one for IPv6 (repeatable; default "
                "239.255.0.0/16 and ff15::f1ee:8000:0/112)")
    ->type_name("ADDR[/PREFIX]");
  add_rate_option(
    command, "--rate,-r", arguments.rate,
    "Send each object at this rate, bits per second; without it, as fast as the slowest receiver's "
    "path and disk take it");
  add_rate_option(command, "--max-rate", arguments.max_rate,
                  "Send no faster than this in all, however many objects are sent at once: they "
                  "share it fairly, and what one does not use goes to the others");
  command
    .add_option(
      "--feedback-port", arguments.feedback_port,
      "Hear feedback on UDP ports of this range only, for firewalls: each transmission takes "
      "one (default: any port)")
    ->type_name("PORT[-PORT]");
  command
    .add_option("--max-transmissions", arguments.bounds.in_all,
                "Send at most N objects at once; requests for another get error 54, try again "
                "later. What is being sent can always be joined")
    ->check(CLI::Range(std::size_t{1}, most_transmissions))
    ->capture_default_str()
    ->type_name("N");
  command
    .add_option("--max-transmissions-per-source", arguments.bounds.of_one_source,
                "Of those, at most N that were requested from one client address (IPv6: one /64)")
    ->check(CLI::Range(std::size_t{1}, most_transmissions))
    ->capture_default_str()
    ->type_name("N");
  command
    .add_option("--rate-policy", arguments.policy,
                "adaptive: as fast as the slowest receiver's path takes it; tcp-friendly: as a TCP "
                "flow would, where others share the path; fixed: at --rate, which implies it "
                "(default adaptive)")
    ->transform(rate_policy_names())
    ->type_name("POLICY");
  command
    .add_option("--ttl", arguments.ttl,
                "How far multicast may go: 1 stays on the local network, each router takes one")
    ->check(CLI::Range(1U, 255U))
    ->capture_default_str()
    ->type_name("N");
  command
    .add_option("--mtu", arguments.mtu,
                "Send packets of up to N bytes, which every link to the receivers must take whole: "
                "less for tunnels, more for jumbo frames (default 1500; less where the interface "
                "takes less)")
    ->check(CLI::Range(protocol::packet_size(protocol::symbol_sizes.front(), true), most_mtu))
    ->type_name("N");
  command
    .add_option("--security", arguments.security,
                "none: seal nothing, verify nothing, serve only hosts that ask for that; for "
                "measurements, DANGEROUS anywhere else")
    ->check(CLI::IsMember({"sealed", "none"}))
    ->capture_default_str()
    ->type_name("sealed|none");
  add_loss_option(command, arguments.inject_loss);
  command
    .add_option("--state-dir", arguments.state_dir,
                "Where the server's identity and its digest cache are kept (default: "
                "/var/lib/fleetcast for root, else ~/.local/state/fleetcast)")
    ->type_name("DIR");
  command.add_flag("--no-digest-cache", arguments.no_digest_cache,
                   "Keep no digests of what was sent: after a restart, blocks that receivers hold "
                   "already are read again");
  add_daemon_options(command, arguments.daemon);
}

} // namespace fleetcast::apps
