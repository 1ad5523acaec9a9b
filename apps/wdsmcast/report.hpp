/// What wdsmcast says, to people and into its trace.
#pragma once

#include "api/fleetcast_ext.h"
#include "apps/common/progress.hpp"
#include "apps/common/terminal_line.hpp"
#include "apps/wdsmcast/trace_file.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace fleetcast::apps {

/// What goes well goes to standard output, what fails to standard error; all of it to the trace. Any thread.
class wdsmcast_report {
public:
  wdsmcast_report(bool progress, bool verbose, std::optional<trace_file> trace);

  /// How often to call `progress`.
  [[nodiscard]] std::chrono::milliseconds interval() const;

  /// For /Verbose.
  void detail(const std::string& line);

  /// Said in any case, on standard error.
  void note(const std::string& line);

  /// For /Progress and /Verbose: how long the server has not answered.
  void waiting(double seconds);

  /// For /Progress: a bar on a terminal, a line a second elsewhere.
  void progress(const transfer_figures& figures);

  void success(const std::string& line);

  /// The sentence, then the code with its name and meaning.
  void failure(DWORD error, const std::string& text);

private:
  void trace(const std::string& line);
  void warn_of_trace();

  std::mutex mutex_;
  bool progress_;
  bool verbose_;
  std::optional<trace_file> trace_;
  terminal_line bar_;
  bool on_terminal_;
  std::chrono::steady_clock::time_point next_trace_;
};

} // namespace fleetcast::apps
