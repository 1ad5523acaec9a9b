#include "apps/fleetcast/get.hpp"

#include "api/fleetcast_ext.h"
#include "apps/common/object_address.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/reception.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/staged_file.hpp"
#include "apps/common/wide_text.hpp"
#include "apps/fleetcast/byte_size.hpp"
#include "apps/fleetcast/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

/// How often a bar on a terminal is redrawn: often enough to look alive.
constexpr milliseconds bar_interval{200};

/// How often an event is printed for a program, which may draw a bar of its own.
constexpr milliseconds event_interval{200};

/// How often a line is printed elsewhere: no log fills up.
constexpr milliseconds line_interval{1000};

constexpr std::size_t default_columns = 80;

struct get_arguments {
  std::string address;
  std::string destination;
  std::string interface;
  std::string fingerprint;
  std::string known_servers;
  std::string cache = "8M";
  bool json = false;
  bool quiet = false;
};

constexpr const char* footer
  = "DEST is a file or a directory; without it the copy gets the object's base name, here. A "
    "regular\n"
    "file of that name is replaced, in one step and only by a copy that is whole and verified: "
    "bytes go\n"
    "to a hidden file .NAME.fleetcast-XXXXXX beside it, which is synced and renamed at the end, "
    "and removed\n"
    "if anything goes wrong. The object's zeros become holes.\n\n"
    "The server's identity is pinned on first use in the known_servers file; a server with "
    "another\n"
    "identity is refused from then on. --fingerprint pins it by hand, as the server prints it.\n\n"
    "--json prints one object a line on standard output. \"event\" is \"started\", \"progress\" "
    "(at most five\n"
    "a second) and at last \"completed\" or \"failed\".\n\n"
    "Examples:\n"
    "  fleetcast get server/images/debian.img\n"
    "  fleetcast get server.example:5040/images/2024/debian.img /var/tmp/\n"
    "  fleetcast get '[2001:db8::1]:5040/lab/disk.img' disk.img --interface eth1\n"
    "  fleetcast get 127.0.0.1/t/disk.img /tmp/copy --interface lo --json\n\n"
    "Exit codes: 0 the whole object arrived, verified, and is on the disk; 1 the transfer failed; "
    "2 wrong\n"
    "usage; 3 a file of this host: no such directory, not writable, disk full; 4 the server is not "
    "the\n"
    "expected one; 130, 143 ended by SIGINT, SIGTERM, after cleaning up.\n";

// -- reporting ----------------------------------------------------------------------------------------

/// Tells people and programs how it goes, each in its way.
class reporter {
public:
  reporter(bool json, bool quiet)
    : json_(json),
      quiet_(quiet),
      terminal_(!json && !quiet && isatty(STDERR_FILENO) == 1) {}

  milliseconds interval() const {
    return json_ ? event_interval : terminal_ ? bar_interval : line_interval;
  }

  void started(const get_arguments& arguments, const std::string& target,
               const reception& session) {
    if (json_)
      print({{"event", "started"},
             {"address", arguments.address},
             {"target", target},
             {"object_size", session.object_bytes()},
             {"block_size", session.block_bytes()}});
  }

  void progress(const transfer_figures& figures) {
    if (json_)
      print(to_json(figures), "progress");
    else if (terminal_)
      draw(format_bar(figures, columns()));
    else if (!quiet_)
      fmt::print(stderr, "{}\n", format_line(figures));
  }

  void completed(const std::string& target, const transfer_figures& figures) {
    clear();
    if (json_) {
      auto event = to_json(figures);
      event["target"] = target;
      event["verified"] = true;
      print(std::move(event), "completed");
    } else if (!quiet_) {
      fmt::print("{}\n", format_result(target, figures));
    }
  }

  void failed(int exit, DWORD error, const std::string& message) {
    clear();
    auto code = error != ERROR_SUCCESS
                  ? fmt::format(" (error {}, {})", error, FleetcastErrorText(error))
                  : "";
    fmt::print(stderr, "fleetcast get: {}{}\n", message, code);
    if (json_)
      print({{"event", "failed"},
             {"exit", exit},
             {"code", error},
             {"name", FleetcastErrorText(error)},
             {"message", message}});
  }

private:
  static void print(nlohmann::json event, const char* kind = nullptr) {
    if (kind != nullptr)
      event["event"] = kind;
    // Names of files are bytes; what is no UTF-8 in them must not end the program.
    auto text = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  static std::size_t columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
      return default_columns;
    return size.ws_col;
  }

  void draw(const std::string& line) {
    fmt::print(stderr, "\r{}\033[K", line);
    std::fflush(stderr);
    drawn_ = true;
  }

  void clear() {
    if (std::exchange(drawn_, false))
      fmt::print(stderr, "\r\033[K");
  }

  bool json_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
};

// -- the transfer -------------------------------------------------------------------------------------

/// One run of `fleetcast get`, from checked arguments to the exit code.
class transfer {
public:
  transfer(const get_arguments& arguments, reporter& report, signal_events& signals,
           staged_file& file)
    : arguments_(arguments),
      report_(report),
      signals_(signals),
      file_(file),
      session_(file) {}

  int run(const reception_request& request) {
    if (auto error = session_.start(request); error != ERROR_SUCCESS)
      return cannot_start(error);
    receive();
    if (signal_ != 0)
      return interrupted();
    if (session_.error() != ERROR_SUCCESS)
      return failed();
    // Measured before the sync: the rate is that of the transfer.
    auto result = figures();
    result.bits_per_second
      = 8.0 * static_cast<double>(result.written_bytes) / std::max(result.seconds, 1e-6);
    if (auto saved = save(); !saved) {
      session_.cancel(reception::error_of(saved.error()));
      return local_failure(saved.error());
    }
    session_.confirm();
    report_.completed(file_.target(), result);
    return exit_code::success;
  }

private:
  /// Until the session is over, however it ends.
  void receive() {
    auto told_start = false;
    auto next_report = clock::now() + report_.interval();
    for (;;) {
      auto pause
        = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(next_report - clock::now()));
      auto woken = signals_.wait(session_.over(), pause);
      if (session_.started() && !std::exchange(told_start, true))
        report_.started(arguments_, file_.target(), session_);
      if (woken == signal_events::woken_by::event)
        return;
      if (woken == signal_events::woken_by::signal)
        on_signal();
      if (clock::now() >= next_report) {
        next_report += report_.interval();
        if (session_.started())
          report_.progress(figures());
      }
    }
  }

  void on_signal() {
    if (signal_ != 0)
      leave_at_once();
    signal_ = signals_.last_signal();
    session_.cancel(ERROR_CANCELLED);
  }

  /// For those who do not want to wait for a clean end: the staged file still goes.
  [[noreturn]] void leave_at_once() {
    file_.discard();
    _exit(exit_code::signal_base + signals_.last_signal());
  }

  /// Syncs on a thread of its own, since it may take long and cannot be interrupted, then renames.
  staged_file::result<void> save() {
    staged_file::result<void> synced;
    event_flag done;
    std::thread worker{[&] {
      synced = file_.sync();
      done.set();
    }};
    for (;;) {
      auto woken = signals_.wait(done, line_interval);
      if (woken == signal_events::woken_by::signal)
        leave_at_once();
      if (woken == signal_events::woken_by::event)
        break;
    }
    worker.join();
    return synced ? file_.publish() : synced;
  }

  transfer_figures figures() {
    auto counted = session_.statistics();
    transfer_figures result;
    result.object_bytes = session_.object_bytes();
    result.written_bytes = session_.written_bytes();
    result.seconds = std::chrono::duration<double>(clock::now() - begin_).count();
    result.bits_per_second = rate_.update(result.seconds, result.written_bytes);
    result.repaired_symbols = counted.ullRepairedSymbols;
    result.lost_packets = counted.ullLostPackets;
    return result;
  }

  // -- ends that are no success -----------------------------------------------------------------------

  int cannot_start(DWORD error) {
    if (error == ERROR_INVALID_PARAMETER || error == ERROR_INVALID_NAME)
      return end(exit_code::usage, error,
                 arguments_.address
                   + " names no server, or a name in it is too long; see fleetcast get --help");
    return end(exit_code::failure, error, "cannot start a session for " + arguments_.address);
  }

  int failed() {
    if (session_.local_failure())
      return local_failure(*session_.local_failure());
    auto error = session_.error();
    auto exit = error == ERROR_MUTUAL_AUTH_FAILED ? exit_code::not_trusted : exit_code::failure;
    return end(exit, error, "cannot get " + arguments_.address + ": " + session_.story());
  }

  int local_failure(const file_failure& reason) {
    return end(exit_code::local_file, reception::error_of(reason), reason.text);
  }

  int interrupted() {
    return end(exit_code::signal_base + signal_, ERROR_CANCELLED,
               "interrupted while getting " + arguments_.address);
  }

  int end(int exit, DWORD error, const std::string& message) {
    file_.discard();
    report_.failed(exit, error, message);
    return exit;
  }

  const get_arguments& arguments_;
  reporter& report_;
  signal_events& signals_;
  staged_file& file_;
  reception session_;
  clock::time_point begin_ = clock::now();
  rate_meter rate_;
  int signal_ = 0;
};

// -- arguments ----------------------------------------------------------------------------------------

std::optional<reception_request> make_request(const object_address& address,
                                              std::uint64_t cache_bytes) {
  auto server = to_wide(address.server);
  auto name_space = to_wide(address.name_space);
  auto object = to_wide(address.object);
  if (!server || !name_space || !object)
    return std::nullopt;
  return reception_request{*std::move(server), *std::move(name_space), *std::move(object),
                           static_cast<ULONG>(cache_bytes)};
}

DWORD configure_library(const get_arguments& arguments) {
  auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  FLEETCAST_CONFIG config{};
  config.ulLength = sizeof(config);
  config.pszInterface = given(arguments.interface);
  config.pszFingerprint = given(arguments.fingerprint);
  config.pszKnownServers = given(arguments.known_servers);
  return FleetcastConfigure(&config);
}

int get(const get_arguments& arguments) {
  reporter report{arguments.json, arguments.quiet};
  auto refuse = [&](int exit, const std::string& why) {
    report.failed(exit, ERROR_SUCCESS, why);
    return exit;
  };
  auto address = parse_object_address(arguments.address);
  if (!address)
    return refuse(exit_code::usage, address.error());
  auto cache_bytes = parse_byte_size(arguments.cache);
  if (!cache_bytes || *cache_bytes > std::numeric_limits<ULONG>::max())
    return refuse(exit_code::usage,
                  "--cache " + arguments.cache + " is no size below 4 GiB, such as 16M or 524288");
  auto request = make_request(*address, *cache_bytes);
  if (!request)
    return refuse(exit_code::usage, arguments.address + " is not UTF-8");
  // Before any traffic: no server is troubled for a copy that has no place to go.
  auto target = resolve_target(arguments.destination, address->base_name());
  if (!target)
    return refuse(exit_code::local_file, target.error().text);
  signal_events signals;
  auto file = staged_file::create(*target);
  if (!file)
    return refuse(exit_code::local_file, file.error().text);
  if (configure_library(arguments) != ERROR_SUCCESS)
    return refuse(exit_code::failure, "not enough memory");
  return transfer{arguments, report, signals, *file}.run(*request);
}

} // namespace

void register_get(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<get_arguments>();
  auto* command = program.add_subcommand("get", "Receive one object into a file");
  command->footer(footer);
  command
    ->add_option("address", arguments->address,
                 "SERVER[:PORT]/NAMESPACE/OBJECT: what to get; port 5040 unless given")
    ->required()
    ->type_name("SERVER/NAMESPACE/OBJECT");
  command->add_option("destination", arguments->destination, "File or directory to put it")
    ->type_name("DEST");
  command
    ->add_option("--interface,-i", arguments->interface,
                 "Receive on this interface; without it, on the one that leads to the server")
    ->type_name("IFACE|ADDR");
  command
    ->add_option("--fingerprint,-f", arguments->fingerprint,
                 "The identity that the server must have, as it prints it")
    ->type_name("SHA256:…");
  command
    ->add_option("--known-servers", arguments->known_servers,
                 "Identities pinned so far (default ~/.config/fleetcast/known_servers)")
    ->type_name("FILE");
  command
    ->add_option("--cache", arguments->cache,
                 "Bytes that may wait for the disk; 0: one block at a time")
    ->capture_default_str()
    ->type_name("SIZE[K|M|G]");
  command->add_flag("--json", arguments->json, "Print events for programs on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "Print errors only")->excludes("--json");
  command->callback([arguments, &selected] { selected = [arguments] { return get(*arguments); }; });
}

} // namespace fleetcast::apps
