#include "apps/fleetcast/simulate/simulate.hpp"

#include "apps/common/byte_size.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/progress.hpp"
#include "apps/fleetcast/complaint.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/failure_object.hpp"
#include "apps/fleetcast/rate_policies.hpp"
#include "apps/fleetcast/simulate/run_watcher.hpp"
#include "apps/fleetcast/simulate/simulate_fleet.hpp"
#include "apps/fleetcast/simulate/simulate_session.hpp"
#include "apps/fleetcast/simulate/simulation_report.hpp"
#include "apps/fleetcast/simulate/simulation_scenario.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::apps {

namespace {

/// Some 30 KiB each: 3 GiB for all.
constexpr std::size_t most_simulated = 100'000;

constexpr std::uint64_t max_object_size = 1ULL << 40;

using protocol::failure_code;

struct simulate_arguments {
  std::size_t receivers = 100;
  std::string size = "64M";
  double loss = 0;
  double burst = 1;
  double rtt_ms = 10;
  protocol::rate_policy policy = protocol::rate_policy::fixed;
  std::uint64_t rate = 0;
  std::uint64_t bottleneck = 0;
  std::string queue;
  unsigned tcp = 0;
  std::size_t cache = protocol::defaults::cache_blocks;
  std::vector<std::string> worse;
  std::vector<std::string> late;
  std::uint64_t seed = 1;
  double time_limit = 3600;
  bool sealed = false;
  bool no_comparison = false;
  bool json = false;
};

constexpr const char* simulate_footer
  = R"(Runs the sender and receivers that `serve` and `get` run, in virtual time over
simulated links, and says how long everybody took, what was sent for it and how
much feedback came back. The same arguments and the same seed give the same
figures, on every machine.

`fleetcast simulate fleet` and `fleetcast simulate session` try whole fleets and
sessions instead of one group.

For comparison the same is run without loss, and, when some receivers are worse
or late, without those. Of each symbol 8 bytes are carried, and all of them
count. Nothing is sealed unless --sealed is given: that changes no figure.
docs/simulation.md says what is modelled.

Examples:
  fleetcast simulate --receivers 10000 --loss 1 --rtt 20
  fleetcast simulate --receivers 10000 --loss 1 --burst 8 --worse 100:10
  fleetcast simulate --receivers 50 --late 1:50 --size 256M --json
  fleetcast simulate --receivers 10 --rate-policy tcp-friendly --bottleneck 50M --tcp 1

Exit codes: 0 when everybody got the object, 1 when not, 2 wrong usage, 130
after Ctrl-C.
)";

struct pair_of_numbers {
  std::size_t count = 0;
  double percent = 0;
};

/// "100:10" or "100:2.5".
pair_of_numbers parse_pair(const std::string& option, const std::string& text) {
  const auto wrong = [&] {
    return std::invalid_argument{option + " " + text
                                 + ": give a count and a percentage, such as 100:10"};
  };
  pair_of_numbers result;
  const auto colon = text.find(':');
  if (colon == std::string::npos)
    throw wrong();
  const auto* end = text.data() + text.size();
  const auto count = std::from_chars(text.data(), text.data() + colon, result.count);
  const auto percent = std::from_chars(text.data() + colon + 1, end, result.percent);
  if (count.ec != std::errc{} || count.ptr != text.data() + colon || percent.ec != std::errc{}
      || percent.ptr != end || result.count == 0 || result.count > most_simulated)
    throw wrong();
  return result;
}

double share_below(const std::string& option, double percent, double most) {
  if (!(percent >= 0 && percent <= most))
    throw std::invalid_argument{
      fmt::format("{}: {} % is not within 0 and {} %", option, percent, most)};
  return percent / 100;
}

/// At 100 % nothing would ever end.
constexpr double most_loss = 95;

constexpr std::uint64_t default_rate = 1'000'000'000;

/// Throws std::invalid_argument with what is wrong.
void set_rates(simulation_scenario& s, const simulate_arguments& a) {
  using protocol::rate_policy;
  s.policy = a.policy;
  if (a.rate != 0 && a.policy != rate_policy::fixed)
    throw std::invalid_argument{"--rate fixes the rate: leave it out, or --rate-policy; "
                                "--bottleneck limits what can be found"};
  s.rate = a.rate != 0 ? a.rate : default_rate;
  s.bottleneck = a.bottleneck;
  // Without any limit a rate that is searched for is never found.
  if (s.bottleneck == 0 && a.policy != rate_policy::fixed)
    s.bottleneck = default_rate;
  if (a.tcp > 0 && s.bottleneck == 0)
    throw std::invalid_argument{"--tcp: without --bottleneck there is nothing to share"};
  s.tcp_flows = a.tcp;
  constexpr std::uint64_t least_queue = 64 * 1024;
  const auto in_a_round_trip
    = static_cast<double>(s.bottleneck) / 8e9 * static_cast<double>(s.rtt.count());
  s.queue_bytes = std::max(least_queue, static_cast<std::uint64_t>(in_a_round_trip));
  if (a.queue.empty())
    return;
  const auto queue = parse_byte_size(a.queue);
  if (!queue)
    throw std::invalid_argument{"--queue " + a.queue + ": give a size such as 256K or 1M"};
  s.queue_bytes = *queue;
}

/// Throws std::invalid_argument with what is wrong.
simulation_scenario scenario_of(const simulate_arguments& a) {
  simulation_scenario s;
  s.receivers = a.receivers;
  const auto size = parse_byte_size(a.size);
  if (!size || *size > max_object_size)
    throw std::invalid_argument{"--size " + a.size
                                + ": give a size up to 1T, such as 64M or 1048576"};
  s.object_size = *size;
  s.loss = share_below("--loss", a.loss, most_loss);
  s.burst = a.burst;
  s.rtt = protocol::duration{static_cast<std::int64_t>(a.rtt_ms * 1e6)};
  s.cache_blocks = a.cache;
  set_rates(s, a);
  std::size_t total = 0;
  for (const auto& text : a.worse) {
    const auto p = parse_pair("--worse", text);
    s.worse.push_back({p.count, share_below("--worse", p.percent, most_loss)});
    total += p.count;
  }
  if (total > s.receivers)
    throw std::invalid_argument{
      fmt::format("--worse: {} of {} receivers cannot be worse", total, s.receivers)};
  total = s.receivers;
  for (const auto& text : a.late) {
    const auto p = parse_pair("--late", text);
    s.late.push_back({p.count, share_below("--late", p.percent, 1000)});
    total += p.count;
  }
  if (total > most_simulated)
    throw std::invalid_argument{
      fmt::format("{} receivers with the late ones: {} are the most", total, most_simulated)};
  s.seed = a.seed;
  s.sealed = a.sealed;
  s.compare = !a.no_comparison;
  s.time_limit = protocol::duration{static_cast<std::int64_t>(a.time_limit * 1e9)};
  return s;
}

std::string text_of(const char* what, const protocol::simulation::simulation_progress& p) {
  return fmt::format("{}: {:.3f} s simulated, {} sent, {} receivers done", what,
                     static_cast<double>(p.virtual_time.count()) / 1e9, format_bytes(p.bytes_sent),
                     p.finished);
}

/// There are no figures.
int stop(const protocol::failure& reason, int exit, const simulate_arguments& arguments) {
  if (arguments.json)
    print_json({{"error", error_object(reason)}}, 2);
  return complain("simulate", reason, exit);
}

int simulate(const simulate_arguments& arguments) {
  simulation_scenario scenario;
  try {
    scenario = scenario_of(arguments);
  } catch (const std::invalid_argument& wrong) {
    return stop({failure_code::invalid_argument, 0, wrong.what()}, exit_code::usage, arguments);
  }
  run_watcher watcher;
  const auto summary = simulate(scenario, [&](const char* what, const auto& p) {
    return watcher.look([&] { return text_of(what, p); });
  });
  watcher.finish();
  if (summary.stopped)
    return stop({failure_code::cancelled, 0,
                 fmt::format("stopped after {:.3f} simulated seconds", summary.seconds)},
                exit_code::signal_base + watcher.last_signal(), arguments);
  if (arguments.json)
    print_json(to_json(scenario, summary), 2);
  else
    fmt::print("{}", format_table(scenario, summary));
  if (summary.complete)
    return exit_code::success;
  if (summary.sent_away > 0)
    fmt::print(stderr,
               "fleetcast simulate: {} receivers were sent away: the sender had sent all that they "
               "lacked, and more, and they completed nothing\n",
               summary.sent_away);
  else
    fmt::print(
      stderr,
      "fleetcast simulate: not everybody got the object within {} simulated seconds; a longer "
      "--time-limit or a higher --rate may help\n",
      arguments.time_limit);
  return exit_code::failure;
}

/// Those of the group, in front of a command that simulates something else.
void refuse_options_of(const CLI::App& group) {
  for (const auto* option : group.get_options())
    if (option->count() > 0)
      throw CLI::ExcludesError{option->get_name(), group.get_subcommands().front()->get_name()};
}

} // namespace

void register_simulate(CLI::App& program, std::function<int()>& selected) {
  auto a = std::make_shared<simulate_arguments>();
  auto* command = program.add_subcommand("simulate", "Try the protocol on a simulated group");
  command->footer(simulate_footer);
  command->add_option("--receivers,-n", a->receivers, "How many receive from the start")
    ->check(CLI::Range(std::size_t{1}, most_simulated))
    ->capture_default_str()
    ->type_name("N");
  command->add_option("--size,-s", a->size, "Size of the object")
    ->capture_default_str()
    ->type_name("BYTES[K|M|G|T]");
  command->add_option("--loss,-p", a->loss, "Datagrams lost on the way to and from each receiver")
    ->capture_default_str()
    ->type_name("PERCENT");
  command->add_option("--burst,-b", a->burst, "Mean length of a run of losses; 1: independent ones")
    ->check(CLI::Range(1.0, 10'000.0))
    ->capture_default_str()
    ->type_name("DATAGRAMS");
  command->add_option("--rtt", a->rtt_ms, "Round trip between the sender and each receiver")
    ->check(CLI::Range(0.0, 10'000.0))
    ->capture_default_str()
    ->type_name("MS");
  const auto bits = [command](const char* name, std::uint64_t& value, const char* what) {
    return command->add_option(name, value, what)
      ->transform(CLI::AsNumberWithUnit(
        std::map<std::string, std::uint64_t>{{"k", 1'000}, {"m", 1'000'000}, {"g", 1'000'000'000}},
        CLI::AsNumberWithUnit::CASE_INSENSITIVE))
      ->check(CLI::Range(std::uint64_t{100'000}, std::uint64_t{400'000'000'000}))
      ->type_name("BITS[k|M|G]");
  };
  bits("--rate,-r", a->rate, "Send at this rate, bits per second (default 1G)");
  command
    ->add_option("--rate-policy", a->policy,
                 "fixed: at --rate; adaptive: as serve does without --rate; tcp-friendly: as a TCP "
                 "flow would (default fixed)")
    ->transform(rate_policy_names())
    ->type_name("POLICY");
  bits("--bottleneck", a->bottleneck,
       "What the path to all carries (default: no limit; 1G where the rate is searched for)");
  command
    ->add_option("--queue", a->queue,
                 "What may wait in front of the bottleneck (default: a round trip's worth, 64K at "
                 "least)")
    ->type_name("BYTES[K|M|G]");
  command->add_option("--tcp", a->tcp, "TCP flows that share the bottleneck, for the whole time")
    ->check(CLI::Range(0U, 100U))
    ->capture_default_str()
    ->type_name("FLOWS");
  command->add_option("--cache", a->cache, "Blocks that each receiver has room for")
    ->check(CLI::Range(protocol::defaults::min_cache_blocks, std::size_t{4096}))
    ->capture_default_str()
    ->type_name("BLOCKS");
  command
    ->add_option("--worse,-w", a->worse,
                 "So many of the receivers lose PERCENT instead (repeatable)")
    ->type_name("COUNT:PERCENT");
  command
    ->add_option(
      "--late,-l", a->late,
      "So many more receivers join when PERCENT of the loss-free time are over (repeatable)")
    ->type_name("COUNT:PERCENT");
  command->add_option("--seed", a->seed, "Of everything random")
    ->capture_default_str()
    ->type_name("N");
  command->add_option("--time-limit", a->time_limit, "Simulated time after which a run is given up")
    ->check(CLI::Range(0.001, 1e6))
    ->capture_default_str()
    ->type_name("SECONDS");
  command->add_flag("--sealed", a->sealed, "Seal and open each datagram, too: slower");
  command->add_flag("--no-comparison", a->no_comparison,
                    "Do not run it without the worse and the late receivers");
  command->add_flag("--json", a->json, "Print one JSON object");
  register_simulate_fleet(*command, selected);
  register_simulate_session(*command, selected);
  command->callback([a, command, &selected] {
    if (command->get_subcommands().empty())
      selected = [a] { return simulate(*a); };
    else
      refuse_options_of(*command);
  });
}

} // namespace fleetcast::apps
