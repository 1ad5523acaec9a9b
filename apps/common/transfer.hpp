/// One object into one file, from a checked request to how it ended: the session, the signals that may
/// come meanwhile, the way to the disk.
#pragma once

#include "apps/common/progress.hpp"
#include "apps/common/reception.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/staged_file.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace fleetcast::apps {

/// What a program does while a transfer runs; called on the thread that runs it.
class transfer_observer {
public:
  virtual ~transfer_observer() = default;

  /// The size is known; the object will be stored as `target`.
  virtual void started(const std::string& target, const reception& session) = 0;

  /// Again and again before that, once it takes longer than two seconds.
  virtual void waiting(double seconds) { (void)seconds; }

  /// Again and again once it has started.
  virtual void progress(const transfer_figures& figures) = 0;

  /// A second signal ends the program at once: with this code. The hidden file is gone, or kept as far as it is recorded.
  virtual int exit_code_of(int signal) = 0;
};

/// How a transfer ended.
struct transfer_end {
  enum class kind {
    stored,      ///< the whole object is on the disk, under its name
    not_started, ///< the library refused the request
    failed,      ///< server, network or content
    disk,        ///< this host's disk; `local` says what
    interrupted  ///< by `signal`
  };

  kind how = kind::stored;
  DWORD error = ERROR_SUCCESS;       ///< not for `disk`
  std::string story;                 ///< the library's word on it, if it has one
  std::optional<file_failure> local; ///< of `disk`
  int signal = 0;                    ///< of `interrupted`
  std::optional<kept_part> kept;     ///< not of `stored`: for the next transfer
  transfer_figures figures;          ///< the rate is that of the whole transfer, without the sync
};

class transfer {
public:
  /// All of these outlive it. `signals` was made before any thread.
  transfer(staged_file& file, signal_events& signals, transfer_observer& observer,
           std::chrono::milliseconds progress_interval);

  /// Once. On success `file` is published, otherwise kept or discarded; then a signal ends the process at once: this
  /// object's end may take as long as a name lookup.
  [[nodiscard]] transfer_end run(const reception_request& request);

private:
  using clock = std::chrono::steady_clock;

  void receive();
  void conclude(transfer_end& result);
  void on_signal();
  [[noreturn]] void leave_at_once();
  staged_file::result<void> save();
  double seconds() const;
  transfer_figures figures();

  staged_file& file_;
  signal_events& signals_;
  transfer_observer& observer_;
  std::chrono::milliseconds interval_;
  reception session_;
  clock::time_point begin_ = clock::now();
  rate_meter rate_;
  std::uint64_t last_bytes_ = 0;
  double last_change_ = 0; ///< seconds after the beginning
  int signal_ = 0;
};

} // namespace fleetcast::apps
