#include "apps/wdsmcast/transfer_file.hpp"

#include "api/fleetcast_ext.h"
#include "apps/common/object_address.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/staged_file.hpp"
#include "apps/common/transfer.hpp"
#include "apps/wdsmcast/report.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace fleetcast::apps {

namespace {

constexpr int exit_success = 0;

/// Whatever it was; the error code says more than fits an exit code.
constexpr int exit_failure = 1;

/// Bytes that may wait for the disk.
constexpr ULONG cache_bytes = 8U << 20;

/// One run, from understood arguments to the exit code.
class file_command : transfer_observer {
public:
  file_command(const wdsmcast_arguments& arguments, wdsmcast_report& report)
    : arguments_(arguments),
      report_(report) {}

  int run() {
    // Before the first word: from here on a pipe that nobody reads does not end the process.
    signal_events signals;
    tell_arguments();
    const object_address address{arguments_.server, arguments_.name_space, arguments_.source_file};
    auto request = make_request(address, cache_bytes, arguments_.authenticate);
    if (!request)
      return fail(ERROR_INVALID_NAME, "server, namespace or source file is not UTF-8");
    auto base_name = address.base_name();
    // Before any traffic: no server is troubled for a copy that has no place to go.
    auto target = resolve_target(arguments_.destination_file, base_name);
    if (!target)
      return fail(target.error());
    auto file = staged_file::create(*target);
    if (!file)
      return fail(file.error());
    if (auto error = configure_library({arguments_.interface, arguments_.fingerprint,
                                        arguments_.known_servers, take_log, &report_});
        error != ERROR_SUCCESS)
      return fail(error, "cannot set up the library");
    if (arguments_.authenticate)
      tell_identity();
    auto end = transfer{*file, signals, *this, report_.interval()}.run(*request);
    return conclude(end, file->target());
  }

private:
  /// Of the library's log: what is wrong while the transfer lasts. Errors are told as its end.
  static VOID CALLBACK take_log(PVOID report, ULONG level, const char* line) {
    if (level == FLEETCAST_LOG_WARNING)
      static_cast<wdsmcast_report*>(report)->note(line);
  }

  // -- transfer_observer ----------------------------------------------------------------------------

  void started(const std::string&, const reception& session) override {
    report_.detail(fmt::format("The transfer has begun: {} bytes in blocks of {} bytes",
                               session.object_bytes(), session.block_bytes()));
  }

  void waiting(double seconds) override { report_.waiting(seconds); }

  void progress(const transfer_figures& figures) override { report_.progress(figures); }

  int exit_code_of(int) override { return exit_failure; }

  // -- words ----------------------------------------------------------------------------------------

  void tell_arguments() {
    report_.detail(fmt::format("wdsmcast {}", FleetcastVersion()));
    report_.detail("Server:           " + arguments_.server);
    report_.detail("Namespace:        " + arguments_.name_space);
    report_.detail("Source file:      " + arguments_.source_file);
    report_.detail("Destination file: " + arguments_.destination_file);
  }

  /// Whoever gives a password must know that it proves nothing here.
  void tell_identity() {
    auto mine = std::make_unique<FLEETCAST_IDENTITY>();
    mine->ulLength = sizeof(*mine);
    if (FleetcastGetIdentity(mine.get()) == ERROR_SUCCESS) // else the session says why not
      report_.note(fmt::format("/Username and /Password are not sent to the server; this host "
                               "authenticates itself by its identity {}",
                               mine->szFingerprint));
  }

  /// What is transferred, for a sentence.
  std::string what() const {
    return fmt::format("'{}' of namespace '{}' from {}", arguments_.source_file,
                       arguments_.name_space, arguments_.server);
  }

  int conclude(const transfer_end& end, const std::string& target) {
    using kind = transfer_end::kind;
    switch (end.how) {
      case kind::stored:
        report_.progress(end.figures); // a short transfer has shown none yet
        report_.success(format_result(target, end.figures));
        return exit_success;
      case kind::not_started:
        return fail(end.error, end.error == ERROR_INVALID_PARAMETER
                                 ? "/Server names no server: " + arguments_.server
                                 : "cannot start to transfer " + what()
                                     + (end.story.empty() ? "" : ": " + end.story));
      case kind::failed:
        return fail(end.error, "cannot transfer " + what() + ": " + end.story);
      case kind::disk:
        return fail(*end.local);
      case kind::interrupted:
        return fail(end.error,
                    fmt::format("interrupted while transferring {}; {} of {} bytes had "
                                "arrived and were removed",
                                what(), end.figures.written_bytes, end.figures.object_bytes));
    }
    return exit_failure;
  }

  int fail(const file_failure& reason) { return fail(reason.code(), reason.text); }

  int fail(DWORD error, const std::string& text) {
    report_.failure(error, text);
    return exit_failure;
  }

  const wdsmcast_arguments& arguments_;
  wdsmcast_report& report_;
};

} // namespace

int transfer_file(const wdsmcast_arguments& arguments) {
  std::optional<trace_file> trace;
  if (!arguments.trace.empty()) {
    auto opened = trace_file::open(arguments.trace);
    if (!opened) {
      wdsmcast_report{false, false, std::nullopt}.failure(opened.error().code(),
                                                          opened.error().text);
      return exit_failure;
    }
    trace = std::move(*opened);
  }
  wdsmcast_report report{arguments.progress, arguments.verbose, std::move(trace)};
  return file_command{arguments, report}.run();
}

} // namespace fleetcast::apps
