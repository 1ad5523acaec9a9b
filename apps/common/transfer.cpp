#include "apps/common/transfer.hpp"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include <unistd.h>

namespace fleetcast::apps {

using std::chrono::milliseconds;

namespace {

/// How often to look whether the session has begun: soon enough to say so while it matters.
constexpr milliseconds start_interval{50};

/// What a connection usually takes is nothing to speak of, seconds.
constexpr double waiting_is_said_after = 2;

/// How often the wait for the disk wakes for nothing; a signal wakes it at once.
constexpr milliseconds sync_interval{1000};

} // namespace

transfer::transfer(staged_file& file, signal_events& signals, transfer_observer& observer,
                   milliseconds progress_interval)
  : file_(file),
    signals_(signals),
    observer_(observer),
    interval_(progress_interval),
    session_(file) {}

transfer_end transfer::run(const reception_request& request) {
  transfer_end result;
  result.error = session_.start(request);
  if (result.error == ERROR_SUCCESS) {
    receive();
    conclude(result);
  } else {
    result.how = transfer_end::kind::not_started;
    result.story = session_.story();
    if (result.story.empty())
      result.story = reception::configuration_story();
  }
  if (result.how != transfer_end::kind::stored) {
    result.kept = file_.keep();
    // Nothing is left to clean up, but the library's end may wait: for a name lookup that nobody can interrupt.
    // A signal that comes after the copy is stored is too late, and shall not make it seem a failure.
    signals_.let_go();
  }
  return result;
}

/// The session is over: what became of it, and on to the disk if it went well.
void transfer::conclude(transfer_end& result) {
  using kind = transfer_end::kind;
  // Measured before the sync: the rate is that of the transfer.
  result.figures = figures();
  result.figures.bits_per_second = 8.0 * static_cast<double>(result.figures.written_bytes)
                                   / std::max(result.figures.seconds, 1e-6);
  if (signal_ != 0) {
    result.how = kind::interrupted;
    result.error = ERROR_CANCELLED;
    result.signal = signal_;
  } else if (session_.local_failure()) {
    result.how = kind::disk;
    result.local = session_.local_failure();
  } else if (session_.error() != ERROR_SUCCESS) {
    result.how = kind::failed;
    result.error = session_.error();
    result.story = session_.story();
  } else if (auto saved = save(); !saved) {
    session_.cancel(reception::error_of(saved.error()));
    result.how = kind::disk;
    result.local = std::move(saved.error());
  } else {
    session_.confirm();
  }
}

/// Until the session is over, however it ends.
void transfer::receive() {
  auto told_start = false;
  auto next_report = clock::now() + interval_;
  for (;;) {
    auto pause
      = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(next_report - clock::now()));
    if (!told_start)
      pause = std::min(pause, start_interval);
    auto woken = signals_.wait(session_.over(), pause);
    if (session_.started() && !std::exchange(told_start, true))
      observer_.started(file_.target(), session_);
    if (woken == signal_events::woken_by::event)
      return;
    if (woken == signal_events::woken_by::signal)
      on_signal();
    if (clock::now() >= next_report) {
      next_report += interval_;
      if (session_.started())
        observer_.progress(figures());
      else if (const auto waited = seconds(); waited >= waiting_is_said_after)
        observer_.waiting(waited);
    }
  }
}

void transfer::on_signal() {
  if (signal_ != 0)
    leave_at_once();
  signal_ = signals_.last_signal();
  session_.cancel(ERROR_CANCELLED);
}

/// For those who do not want to wait for a clean end.
void transfer::leave_at_once() {
  (void)file_.keep_recorded();
  _exit(observer_.exit_code_of(signals_.last_signal()));
}

/// Syncs on a thread of its own, since it may take long and cannot be interrupted, then renames.
staged_file::result<void> transfer::save() {
  staged_file::result<void> synced;
  event_flag done;
  std::thread worker;
  try {
    worker = std::thread{[&] {
      synced = file_.sync();
      done.set();
    }};
  } catch (const std::system_error&) {
    // No more threads are to be had, which is no reason to throw the copy away: signals wait for the disk then.
    synced = file_.sync();
    return synced ? file_.publish() : synced;
  }
  for (;;) {
    auto woken = signals_.wait(done, sync_interval);
    if (woken == signal_events::woken_by::signal)
      leave_at_once();
    if (woken == signal_events::woken_by::event)
      break;
  }
  worker.join();
  return synced ? file_.publish() : synced;
}

double transfer::seconds() const {
  return std::chrono::duration<double>(clock::now() - begin_).count();
}

transfer_figures transfer::figures() {
  auto counted = session_.statistics();
  transfer_figures result;
  result.object_bytes = session_.object_bytes();
  result.written_bytes = session_.written_bytes();
  result.proven_bytes = session_.proven_bytes();
  result.seconds = seconds();
  if (const auto bytes = result.there_bytes(); bytes != std::exchange(last_bytes_, bytes))
    last_change_ = result.seconds;
  result.idle_seconds = result.seconds - last_change_;
  result.bits_per_second = rate_.update(result.seconds, result.written_bytes);
  result.repaired_symbols = counted.ullRepairedSymbols;
  result.lost_packets = counted.ullLostPackets;
  result.limited_by = counted.ulLimitingFactor;
  result.verified = counted.ulUnverified == 0;
  result.waits_for_server = counted.ulWaitsForServer != 0;
  result.reconnections = counted.ulReconnections;
  return result;
}

} // namespace fleetcast::apps
