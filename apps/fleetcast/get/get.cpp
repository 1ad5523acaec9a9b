#include "apps/fleetcast/get/get.hpp"

#include "api/fleetcast_ext.h"
#include "apps/common/byte_size.hpp"
#include "apps/common/object_address.hpp"
#include "apps/common/reception.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/staged_file.hpp"
#include "apps/common/transfer.hpp"
#include "apps/fleetcast/exit_code.hpp"
#include "apps/fleetcast/get/bar_style.hpp"
#include "apps/fleetcast/get/json_style.hpp"
#include "apps/fleetcast/get/line_style.hpp"
#include "apps/fleetcast/get/quiet_style.hpp"
#include "apps/fleetcast/get/reporter.hpp"
#include "apps/fleetcast/loss_option.hpp"
#include "apps/fleetcast/trust_options.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace fleetcast::apps {

namespace {

struct get_arguments {
  std::string address;
  std::string destination;
  std::string interface;
  trust_options trust;
  std::string security;
  double inject_loss = 0;
  std::string cache = "8M";
  std::uint32_t patience = 60; ///< seconds
  bool json = false;
  bool quiet = false;
  bool sparse = false;
  bool fresh = false;
  bool no_keep = false;
  std::string reuse; ///< an older copy; empty: the file that is replaced
  bool no_reuse = false;
  bool is_destination_empty = false; ///< given, as ""

  bool to_stdout() const { return destination == "-"; }

  /// What is not verified cannot be proven later.
  bool can_prove() const { return !to_stdout() && security != "none"; }
  bool keeps() const { return can_prove() && !no_keep; }
  bool reuses() const { return can_prove() && !no_reuse && !fresh; }
};

constexpr const char* get_footer
  = R"(DEST is a file or a directory; without it the copy gets the object's base name
in the current directory. A regular file of that name is replaced in one step,
and only by a copy that is whole and verified: bytes go to a hidden file beside
it, which is synced and renamed at the end. The copy keeps the mode, owner and
access list of the file it replaces. The object's zeros become holes.

If the transfer fails, is interrupted or is killed, what arrived is kept: the
hidden file .fleetcast-…, and a journal that says what of it is safely on the
disk. Run the same command again, and it continues: what is kept is read again
and checked against the server's digests, and only the rest is sent. A killed
process loses at most the last second, or 64 MiB. If the object has changed
meanwhile, only blocks that are still the same are used. --fresh removes what is
kept and starts over; --no-keep keeps nothing and continues nothing.

If DEST is there already, what has not changed is taken from it and not sent
again: a copy that is up to date costs next to nothing. It is read and compared
with the server's digests, and never written to. --reuse FILE names another older
copy; --no-reuse uses none.

If the server goes away in the middle (it is restarted, the connection is lost),
the transfer waits for it, for 60 s or what --patience says, and goes on where it
was. A server that refuses, or no longer has the object, ends it at once.

DEST - writes the object to standard output, in order, each part once it is
verified. Parts that arrive early wait in an unnamed file in TMPDIR (/var/tmp).
If the transfer fails, the stream is cut short and the exit code is not 0;
nothing is kept.

The server's identity is pinned on first use in the known_servers file; a server
with another identity is refused from then on. --fingerprint SHA256:…, as the
server prints it, pins it by hand, in place of the one that was pinned.

--auth tells the server who this host is, if it asks; `fleetcast identity` shows
what it would learn. Without it nothing of the kind is sent, and a server that
serves known clients only refuses with 1244.

--security none takes what a server sends with `serve --security none`, and
nothing else: nothing of it is sealed or verified, so anybody on the network can
put other bytes into the copy, UNNOTICED. It is for measurements on a network
that is yours alone.

Settings that are not given here come from FLEETCAST_… in the environment, then
from ~/.config/fleetcast/config.toml or /etc/fleetcast/config.toml.

When nothing arrives for two seconds, or the server hears nothing of this host,
a line on standard error says which addresses and ports that concerns and what
to check; another one, when it is over.

--json prints one object a line on standard output. "event" is "continuing" (what
an earlier transfer left), "reusing" (an older copy), "waiting" (for the server,
longer than two seconds), "started", "progress" (at most five a second),
"warning" and at last "completed" or "failed"; docs/json.md has a schema.

Examples:
  fleetcast get server/images/debian.img
  fleetcast get server.example:5040/images/2024/debian.img /var/tmp/
  fleetcast get '[2001:db8::1]:5040/lab/disk.img' disk.img --interface eth1
  fleetcast get server/images/root.tar - | tar -x -C /mnt
  fleetcast get server/images/2025.img 2025.img --reuse 2024.img
  fleetcast get 127.0.0.1/t/disk.img /tmp/copy --interface lo --json

Exit codes: 0 the whole object arrived, verified, and is on the disk; 1 the
transfer failed; 2 wrong usage; 3 a file of this host: no such directory, not
writable, disk full, known_servers cannot be read or written; 4 the server is
not the expected one; 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM.
)";

// -- reporting ----------------------------------------------------------------------------------------

/// The style that was asked for; otherwise the one that suits standard error.
std::unique_ptr<report_style> choose_style(const get_arguments& arguments) {
  if (arguments.json)
    return std::make_unique<json_style>(arguments.address);
  if (arguments.quiet)
    return std::make_unique<quiet_style>();
  auto* const results = arguments.to_stdout() ? stderr : stdout;
  if (bar_style::is_possible())
    return std::make_unique<bar_style>(results);
  return std::make_unique<line_style>(results);
}

// -- the end ------------------------------------------------------------------------------------------

int exit_code_for(DWORD error) {
  switch (error) {
    case ERROR_MUTUAL_AUTH_FAILED:
      return exit_code::not_trusted;
    case ERROR_OPEN_FAILED: // known_servers, or this host's identity
      return exit_code::local_file;
    default:
      return exit_code::failure;
  }
}

/// Says how it ended; gives the exit code.
int conclude(const transfer_end& end, const get_arguments& arguments, const std::string& target,
             reporter& report) {
  using kind = transfer_end::kind;
  auto failed = [&](int exit, DWORD error, const std::string& message) {
    report.failed({exit, error, message, end.kept});
    return exit;
  };
  switch (end.how) {
    case kind::stored:
      report.completed(target, end.figures);
      return exit_code::success;
    case kind::not_started:
      if (end.error == ERROR_INVALID_PARAMETER || end.error == ERROR_INVALID_NAME)
        return failed(exit_code::usage, end.error,
                      arguments.address
                        + " is not understood: expected SERVER, SERVER:PORT with a port from 1 to "
                          "65535, or [IPV6]:PORT in front of the first slash, and no name that is "
                          "too long");
      return failed(exit_code_for(end.error), end.error,
                    "cannot start a session for " + arguments.address
                      + (end.story.empty() ? "" : ": " + end.story));
    case kind::disk:
      return failed(exit_code::local_file, end.local->code(), end.local->text);
    case kind::interrupted:
      return failed(exit_code::signal_base + end.signal, end.error,
                    "interrupted while getting " + arguments.address);
    case kind::failed:
      break;
  }
  return failed(exit_code_for(end.error), end.error,
                "cannot get " + arguments.address + ": " + end.story);
}

// -- arguments ----------------------------------------------------------------------------------------

/// Settings that reach the library by the environment. Before the first thread.
void set_environment(const get_arguments& arguments) {
  if (!arguments.security.empty())
    ::setenv("FLEETCAST_SECURITY", arguments.security.c_str(), 1);
  inject_loss(arguments.inject_loss);
}

/// Why these arguments make no sense together, or nothing.
std::string contradiction(const get_arguments& arguments) {
  if (arguments.is_destination_empty)
    return "DEST is empty: name a file or a directory, or leave it out for the current one";
  if (arguments.fresh && !arguments.keeps())
    return "--fresh starts over what was kept: with --no-keep, --security none or DEST - nothing "
           "is kept, so leave it out";
  if (!arguments.reuse.empty() && !arguments.reuses())
    return "--reuse takes what has not changed from an older copy: with --fresh, --no-reuse, "
           "--security none or DEST - nothing is taken from anywhere, so leave it out";
  if (!arguments.to_stdout())
    return {};
  if (arguments.json)
    return "--json prints events on standard output, where DEST - puts the object: name a file, or "
           "leave --json out";
  if (::isatty(STDOUT_FILENO) == 1)
    return "DEST - puts the object on standard output, which is a terminal: send it to a program "
           "or a file";
  return {};
}

/// Where streams keep what arrives before its turn.
std::string temporary_directory() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/var/tmp";
}

/// The one that was named has to be there; the one that is replaced may.
staged_file::result<void> open_older_copy(const get_arguments& arguments, staged_file& file,
                                          reporter& report) {
  if (arguments.reuse.empty()) {
    if (const auto bytes = file.reuse_replaced(); bytes > 0)
      report.reusing(file.target(), bytes);
    return {};
  }
  descriptor older{::open(arguments.reuse.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!older) {
    const auto error = errno;
    return tl::unexpected{
      file_failure{error, "cannot read the older copy " + arguments.reuse + ": "
                            + std::system_category().message(error)
                            + "; name one that this user can read, or leave --reuse out"}};
  }
  const auto bytes = file.reuse(std::move(older), arguments.reuse);
  if (bytes == 0)
    return tl::unexpected{file_failure{EINVAL, "the older copy " + arguments.reuse
                                                 + " is empty, or no regular file; name another one"
                                                   " with --reuse, or leave it out"}};
  report.reusing(arguments.reuse, bytes);
  return {};
}

staged_file::result<staged_file> open_destination(const get_arguments& arguments,
                                                  const object_address& address, reporter& report) {
  if (arguments.to_stdout())
    return staged_file::create_stream(temporary_directory(), STDOUT_FILENO);
  auto target = resolve_target(arguments.destination, address.base_name());
  if (!target)
    return tl::unexpected{std::move(target.error())};
  std::vector<std::string> remarks;
  auto file
    = arguments.keeps() ? staged_file::create_kept(
        *target, {address.server, address.name_space, address.object}, arguments.fresh, remarks)
                        : staged_file::create(*target);
  for (const auto& remark : remarks)
    report.warn(remark);
  if (file && file->held_bytes() > 0)
    report.continuing(file->held_bytes(), file->held_object_bytes());
  if (file && arguments.reuses())
    if (auto refused = open_older_copy(arguments, *file, report); !refused)
      return tl::unexpected{std::move(refused.error())};
  return file;
}

int get(const get_arguments& arguments) {
  set_environment(arguments);
  reporter report{choose_style(arguments)};
  const auto refuse = [&](int exit, DWORD error, const std::string& why) {
    report.failed({exit, error, why, std::nullopt});
    return exit;
  };
  const auto misused = [&](const std::string& why) {
    return refuse(exit_code::usage, ERROR_INVALID_PARAMETER, why);
  };
  if (const auto why = contradiction(arguments); !why.empty())
    return misused(why);
  auto address = parse_object_address(arguments.address);
  if (!address)
    return misused(address.error());
  auto cache_bytes = parse_byte_size(arguments.cache);
  if (!cache_bytes || *cache_bytes > std::numeric_limits<ULONG>::max())
    return misused("--cache " + arguments.cache
                   + ": expected a size below 4 GiB, such as 16M or 524288");
  auto request
    = make_request(*address, static_cast<ULONG>(*cache_bytes), arguments.trust.authenticate);
  if (!request)
    return misused(arguments.address + " is not UTF-8");
  request->patience = arguments.patience * 1000;
  signal_events signals;
  // Before any traffic: no server is troubled for a copy that has no place to go.
  auto file = open_destination(arguments, *address, report);
  if (!file)
    return refuse(exit_code::local_file, file.error().code(), file.error().text);
  if (arguments.sparse)
    file->expect_holes();
  if (configure_library({arguments.interface, arguments.trust.fingerprint,
                         arguments.trust.known_servers, reporter::take_log, &report})
      != ERROR_SUCCESS)
    return refuse(exit_code::failure, ERROR_NOT_ENOUGH_MEMORY, "not enough memory");
  auto end = transfer{*file, signals, report, report.interval()}.run(*request);
  return conclude(end, arguments, file->target(), report);
}

} // namespace

void register_get(CLI::App& program, std::function<int()>& selected) {
  auto arguments = std::make_shared<get_arguments>();
  auto* command = program.add_subcommand("get", "Receive one object into a file");
  command->footer(get_footer);
  command
    ->add_option("address", arguments->address,
                 "SERVER[:PORT]/NAMESPACE/OBJECT: what to get; port 5040 unless given")
    ->required()
    ->type_name("SERVER/NAMESPACE/OBJECT");
  auto* destination = command
                        ->add_option("destination", arguments->destination,
                                     "File or directory to put it; -: standard output")
                        ->type_name("DEST");
  command
    ->add_option(
      "--interface,-i", arguments->interface,
      "Receive on this interface; without it, on the one whose route leads to where the server "
      "wants feedback")
    ->type_name("IFACE|ADDR");
  add_trust_options(*command, arguments->trust);
  command
    ->add_option("--security", arguments->security,
                 "none: take what is neither sealed nor verified, from a server that was told the "
                 "same; for measurements, DANGEROUS anywhere else (default sealed)")
    ->check(CLI::IsMember({"sealed", "none"}))
    ->type_name("sealed|none");
  add_loss_option(*command, arguments->inject_loss);
  command
    ->add_option("--cache", arguments->cache,
                 "Bytes that may wait for the disk; 0: one block at a time")
    ->capture_default_str()
    ->type_name("SIZE[K|M|G]");
  command
    ->add_option("--patience", arguments->patience,
                 "Seconds to wait for a server that went away before giving up; 0: none")
    ->capture_default_str()
    ->check(CLI::Range(0U, 86'400U))
    ->type_name("SECONDS");
  command->add_flag("--sparse", arguments->sparse,
                    "The object is mostly zeros: do not ask for room for all of it");
  command->add_flag(
    "--fresh", arguments->fresh,
    "Remove what an earlier transfer kept, take nothing from older copies, and start "
    "over");
  command->add_flag("--no-keep", arguments->no_keep,
                    "Keep nothing of a transfer that fails, and continue none");
  command
    ->add_option(
      "--reuse", arguments->reuse,
      "Take what has not changed from this older copy (default: the file that is replaced)")
    ->type_name("FILE");
  command->add_flag("--no-reuse", arguments->no_reuse,
                    "Take nothing from the file that is replaced");
  command->add_flag("--json", arguments->json, "Print events for programs on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "Print errors only")->excludes("--json");
  command->callback([arguments, destination, &selected] {
    arguments->is_destination_empty = destination->count() > 0 && arguments->destination.empty();
    selected = [arguments] { return get(*arguments); };
  });
}

} // namespace fleetcast::apps
