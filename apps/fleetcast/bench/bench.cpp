#include "apps/fleetcast/bench/bench.hpp"

#include "api/fleetcast_ext.h"
#include "apps/common/byte_size.hpp"
#include "apps/common/json_output.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/say.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/fleetcast/bench/bench_directory.hpp"
#include "apps/fleetcast/bench/bench_figures.hpp"
#include "apps/fleetcast/bench/child_process.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/loss_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace fleetcast::apps {

namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr unsigned most_receivers = 200;
constexpr unsigned most_rounds = 1000;
constexpr std::uint64_t least_size = 1024;
constexpr std::uint64_t greatest_size = std::uint64_t{1} << 40;

/// Beside the files: identities, names.
constexpr std::uint64_t spare_bytes = std::uint64_t{1} << 20;

/// A server says where it listens long before that.
constexpr std::chrono::seconds start_patience{30};

constexpr const char* object_name = "object";

struct bench_arguments {
  std::string size = "256M";
  unsigned receivers = 3;
  unsigned rounds = 3;
  std::string directory = "/dev/shm";
  std::string from;
  std::string interface;
  std::string security = "sealed";
  std::uint64_t rate = 0;
  double inject_loss = 0;
  unsigned timeout = 300;
  bool json = false;
};

constexpr const char* bench_footer
  = R"(Starts a server and receivers, each a process of its own, over the loopback
interface; sends a file of random bytes to all of them at once, several times;
compares every copy, and cleans up. Needs no root.

"whole command" counts from the start of the first `get` until the last has
ended, synced to disk; "without sync" until the slowest receiver had every byte.
Files are in memory (/dev/shm) unless --dir names a directory on the disk to be
measured. All receivers share this machine's processors: on hosts of their own
each has more.

--from measures a server that runs elsewhere, by receivers here.

Examples:
  fleetcast bench
  fleetcast bench --size 1G --receivers 8 --dir /var/tmp
  fleetcast bench --inject-loss 5 --json
  fleetcast bench --from server/images/debian.img --receivers 1 --interface eth1

Exit codes: 0 measured, and every copy was right; 1 a transfer failed, or a copy
was wrong; 2 wrong usage; 3 a file of this host: no such directory, no room;
129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM, after cleaning up.
)";

/// Why there are no figures.
struct bench_stopped {
  int exit = exit_code::failure;
  DWORD error = ERROR_GEN_FAILURE;
  std::string text;
};

std::string own_program() {
  return fs::read_symlink("/proc/self/exe").string();
}

/// What `get --json` said of this kind; an empty object: nothing.
nlohmann::json event_of(const child_process& receiver, const char* kind) {
  auto result = nlohmann::json::object();
  for (const auto& line : receiver.lines()) {
    auto event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_object() && event.value("event", "") == kind)
      result = std::move(event);
  }
  return result;
}

/// A receiver's failure is the whole bench's.
bench_stopped failed_with(unsigned number, const child_process& receiver, int exit) {
  const auto error = event_of(receiver, "failed").value("error", nlohmann::json::object());
  return {exit_code::failure, error.value("code", DWORD{ERROR_GEN_FAILURE}),
          fmt::format("receiver {} ended with {}; it says why above", number, exit)};
}

class bench {
public:
  bench(const bench_arguments& arguments, std::uint64_t size, bench_directory& directory)
    : arguments_(arguments),
      directory_(directory) {
    figures_.object_bytes = size;
  }

  /// Throws bench_stopped.
  bench_figures run() {
    address_ = arguments_.from.empty() ? serve() : arguments_.from;
    for (unsigned number = 1; number <= arguments_.rounds; ++number) {
      figures_.rounds.push_back(transfer());
      if (!arguments_.json)
        say(stderr, "round {} of {}: {}\n", number, arguments_.rounds,
            format_rate(rate_of(figures_, figures_.rounds.back())));
    }
    stop_server();
    return std::move(figures_);
  }

private:
  // -- server -------------------------------------------------------------------------------------

  /// Makes the object and a server for it; gives the object's address.
  std::string serve() {
    const auto content = directory_.path() / "served";
    fs::create_directory(content);
    if (auto done = directory_.fill(content / object_name, figures_.object_bytes); !done)
      throw bench_stopped{exit_code::local_file, done.error().code(), done.error().text};
    std::vector<std::string> command{own_program(), "serve",
                                     "--namespace", "bench=" + content.string(),
                                     "--listen",    "127.0.0.1:0",
                                     "--interface", "lo",
                                     "--state-dir", (directory_.path() / "state").string(),
                                     "--log-level", "error",
                                     "--security",  arguments_.security};
    if (arguments_.rate > 0)
      command.insert(command.end(), {"--rate", std::to_string(arguments_.rate)});
    add_loss(command);
    server_.emplace(command);
    return wait_for_server() + "/bench/" + object_name;
  }

  std::string wait_for_server() {
    constexpr std::string_view before = "listening on ";
    const auto until = clock::now() + start_patience;
    while (server_->talks() && clock::now() < until) {
      wait({&*server_, 1}, until);
      for (const auto& line : server_->lines())
        if (line.starts_with(before))
          return line.substr(before.size());
    }
    throw bench_stopped{exit_code::failure, ERROR_GEN_FAILURE,
                        "the server did not start; it says why above"};
  }

  void stop_server() {
    if (!server_)
      return;
    server_->terminate();
    const auto end = server_->wait();
    server_.reset();
    if (end.code != exit_code::success)
      throw bench_stopped{exit_code::failure, ERROR_GEN_FAILURE,
                          fmt::format("the server ended with {} on SIGTERM", end.code)};
    figures_.server_peak_bytes = end.peak_bytes;
    figures_.server_cpu_seconds = end.cpu_seconds;
  }

  // -- receivers ----------------------------------------------------------------------------------

  bench_round transfer() {
    const auto begin = clock::now();
    const auto until = begin + std::chrono::seconds{arguments_.timeout};
    std::vector<child_process> receivers;
    for (unsigned number = 1; number <= arguments_.receivers; ++number)
      receivers.push_back(get(number));
    while (std::any_of(receivers.begin(), receivers.end(),
                       [](const auto& one) { return one.talks(); })) {
      if (clock::now() >= until)
        throw bench_stopped{exit_code::failure, ERROR_TIMEOUT,
                            fmt::format("the transfer did not end within {} s; --timeout allows "
                                        "more",
                                        arguments_.timeout)};
      wait(receivers, until);
    }
    bench_round result;
    auto last = begin;
    for (unsigned number = 1; number <= arguments_.receivers; ++number) {
      const auto end = conclude(number, receivers[number - 1], result);
      last = std::max(last, end);
    }
    result.seconds = std::chrono::duration<double>(last - begin).count();
    for (unsigned number = 1; number <= arguments_.receivers; ++number)
      check(number);
    return result;
  }

  child_process get(unsigned number) const {
    std::vector<std::string> command{own_program(), "get",        address_,           copy(number),
                                     "--json",      "--security", arguments_.security};
    if (arguments_.from.empty())
      command.insert(command.end(), {"--interface", "lo", "--known-servers",
                                     (directory_.path() / "known_servers").string()});
    else if (!arguments_.interface.empty())
      command.insert(command.end(), {"--interface", arguments_.interface});
    add_loss(command);
    return child_process{command};
  }

  clock::time_point conclude(unsigned number, child_process& receiver, bench_round& into) {
    const auto end = receiver.wait();
    const auto event = event_of(receiver, "completed");
    if (end.code != exit_code::success || event.empty())
      throw failed_with(number, receiver, end.code);
    bench_receiver one;
    one.seconds = event.value("seconds", 0.0);
    one.lost_packets = event.value("lost_packets", std::uint64_t{0});
    one.repaired_symbols = event.value("repaired_symbols", std::uint64_t{0});
    one.peak_bytes = end.peak_bytes;
    one.cpu_seconds = end.cpu_seconds;
    into.receivers.push_back(one);
    figures_.object_bytes = event.value("bytes", std::uint64_t{0});
    return end.at;
  }

  /// The copy goes once it was compared; that of another's server was verified by `get` alone.
  void check(unsigned number) const {
    if (arguments_.from.empty()
        && !same_bytes(directory_.path() / "served" / object_name, copy(number)))
      throw bench_stopped{exit_code::failure, ERROR_CRC,
                          fmt::format("the copy of receiver {} is not what was sent", number)};
    fs::remove(copy(number));
  }

  std::string copy(unsigned number) const {
    return (directory_.path() / ("copy" + std::to_string(number))).string();
  }

  void add_loss(std::vector<std::string>& command) const {
    if (arguments_.inject_loss > 0)
      command.insert(command.end(), {"--inject-loss", fmt::format("{:f}", arguments_.inject_loss)});
  }

  /// Until one of them has said something, and takes it.
  void wait(std::span<child_process> children, clock::time_point until) {
    std::vector<int> outputs;
    for (const auto& child : children)
      if (child.talks())
        outputs.push_back(child.output());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    if (signals_.wait(outputs, std::max(left, std::chrono::milliseconds{0}))
        == signal_events::woken_by::signal)
      throw bench_stopped{exit_code::signal_base + signals_.last_signal(), ERROR_CANCELLED,
                          "interrupted"};
    for (auto& child : children)
      child.read();
  }

  const bench_arguments& arguments_;
  bench_directory& directory_;
  signal_events signals_;
  std::optional<child_process> server_;
  std::string address_;
  bench_figures figures_;
};

void report(const bench_arguments& arguments, const bench_figures& figures) {
  if (!arguments.json) {
    fmt::print("{} to {} receivers, {}, {} % loss injected\n\n{}",
               format_bytes(figures.object_bytes), arguments.receivers,
               arguments.security == "none" ? "NEITHER SEALED NOR VERIFIED" : "sealed and verified",
               arguments.inject_loss, to_table(figures));
    return;
  }
  auto result = to_json(figures);
  result["version"] = FleetcastVersion();
  result["receivers"] = arguments.receivers;
  result["security"] = arguments.security;
  result["inject_loss_percent"] = arguments.inject_loss;
  result["directory"] = arguments.directory;
  result["address"] = arguments.from.empty() ? nlohmann::json() : nlohmann::json(arguments.from);
  result["processors"] = std::thread::hardware_concurrency();
  print_json(result, 2);
}

int run_bench(const bench_arguments& arguments) {
  const auto stop = [&](int exit, DWORD error, const std::string& text) {
    if (arguments.json)
      print_json({{"error", error_object(error, text)}}, 2);
    say(stderr, "fleetcast bench: {}\n", text);
    return exit;
  };
  const auto size = parse_byte_size(arguments.size);
  if (!size || *size < least_size || *size > greatest_size)
    return stop(exit_code::usage, ERROR_INVALID_PARAMETER,
                "--size " + arguments.size + " is no size from 1K to 1T, such as 256M");
  const auto copies = arguments.receivers + (arguments.from.empty() ? 1U : 0U);
  auto directory = bench_directory::create(arguments.directory, *size * copies + spare_bytes);
  if (!directory)
    return stop(exit_code::local_file, directory.error().code(), directory.error().text);
  try {
    report(arguments, bench{arguments, *size, *directory}.run());
    return exit_code::success;
  } catch (const bench_stopped& stopped) {
    return stop(stopped.exit, stopped.error, stopped.text);
  }
}

} // namespace

void register_bench(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<bench_arguments>();
  auto* command = program.add_subcommand("bench", "Measure transfers on this machine");
  command->footer(bench_footer);
  command->add_option("--size,-s", arguments->size, "Size of the file")
    ->capture_default_str()
    ->type_name("SIZE[K|M|G]");
  command->add_option("--receivers", arguments->receivers, "Number of receivers")
    ->check(CLI::Range(1U, most_receivers))
    ->capture_default_str()
    ->type_name("N");
  command->add_option("--rounds", arguments->rounds, "How many transfers")
    ->check(CLI::Range(1U, most_rounds))
    ->capture_default_str()
    ->type_name("N");
  command->add_option("--dir", arguments->directory, "Where files go")
    ->capture_default_str()
    ->type_name("DIR");
  auto* from = command
                 ->add_option(
                   "--from", arguments->from,
                   "Receive this object of a running server, instead of an own one's; --size then "
                   "says how much room to ask for")
                 ->type_name("SERVER/NAMESPACE/OBJECT");
  command->add_option("--interface,-i", arguments->interface, "With --from: receive on this one")
    ->needs(from)
    ->type_name("IFACE|ADDR");
  command
    ->add_option("--security", arguments->security,
                 "none: neither seal nor verify, as other tools do by default")
    ->check(CLI::IsMember({"sealed", "none"}))
    ->capture_default_str()
    ->type_name("sealed|none");
  command->add_option("--rate,-r", arguments->rate, "Send at this rate, bits per second")
    ->excludes(from)
    ->type_name("BITS");
  add_loss_option(*command, arguments->inject_loss);
  command->add_option("--timeout", arguments->timeout, "Give up on a transfer after that")
    ->check(CLI::Range(1U, 86'400U))
    ->capture_default_str()
    ->type_name("SECONDS");
  command->add_flag("--json", arguments->json, "Print the figures as JSON");
  command->callback(
    [arguments, &selected] { selected = [arguments] { return run_bench(*arguments); }; });
}

} // namespace fleetcast::apps
