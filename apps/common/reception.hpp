/// One session of the WDS transport client API that fills a staged file: what any tool that embeds
/// the library writes, and an example for it.
///
/// The block that makes the object whole is kept back until confirm(): a server counts a receiver as done
/// when it has given back every block, and that shall mean that the file is stored. (An empty object has
/// no block; its receiver is done when the session is.)
///
/// What the file holds of an earlier transfer is read again by the library, and counts once it is proven.
#pragma once

#include "api/fleetcast_ext.h"
#include "apps/common/block_run.hpp"
#include "apps/common/object_address.hpp"
#include "apps/common/signal_events.hpp"
#include "apps/common/staged_file.hpp"

#include <atomic>
#include <optional>
#include <string>

namespace fleetcast::apps {

struct reception_request {
  std::wstring server;
  std::wstring name_space;
  std::wstring object;
  ULONG cache_bytes = 0;
  bool authenticate = false; ///< tell the server who this host is, if it asks
  ULONG patience = 0;        ///< milliseconds that a server may be away
};

/// Nothing when a part of `address` is no UTF-8.
[[nodiscard]] std::optional<reception_request> make_request(const object_address& address,
                                                            ULONG cache_bytes, bool authenticate);

/// What a command line says beyond the request; empty: not said.
struct library_settings {
  std::string interface;
  std::string fingerprint;
  std::string known_servers;

  /// Takes the library's log, on a thread of the library's; null: nobody does.
  PFN_FleetcastLog log = nullptr;
  void* log_context = nullptr;
};

/// Sets what is said for the sessions to come; an error of FleetcastConfigure.
[[nodiscard]] DWORD configure_library(const library_settings& settings);

class reception {
public:
  /// Initialises the library for as long as it lives. `file` gets the bytes.
  explicit reception(staged_file& file);

  /// Cancels what still runs, and waits for it.
  ~reception();

  reception(const reception&) = delete;
  reception& operator=(const reception&) = delete;

  /// Starts the session; ERROR_SUCCESS, or why it cannot even be started.
  [[nodiscard]] DWORD start(const reception_request& request);

  /// The session will end soon, with this error. Once it is over: the server hears this error in place of
  /// "done", if confirm() was not called.
  void cancel(DWORD error);

  /// Once over, and the object stored for good: the server may count this receiver as done.
  void confirm();

  /// Set when the session is over.
  const event_flag& over() const noexcept { return over_; }

  // -- at any time ----------------------------------------------------------------------------------

  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  std::uint64_t object_bytes() const noexcept { return object_bytes_.load(); }
  ULONG block_bytes() const noexcept { return block_bytes_.load(); }
  std::uint64_t written_bytes() const noexcept { return written_bytes_.load(); }
  std::uint64_t proven_bytes() const noexcept { return proven_bytes_.load(); }
  [[nodiscard]] FLEETCAST_SESSION_STATISTICS statistics() const;

  // -- once over ------------------------------------------------------------------------------------

  /// 0, or the error the session ended with.
  DWORD error() const noexcept { return error_; }

  /// What the library says of the error.
  [[nodiscard]] std::string story() const;

  /// What it says of the settings it could not start with; empty: nothing is wrong with them.
  [[nodiscard]] static std::string configuration_story();

  /// The error that tells others of a failure of this host's disk.
  static DWORD error_of(const file_failure& reason) noexcept {
    return reason.disk_full() ? ERROR_DISK_FULL : ERROR_WRITE_FAULT;
  }

  /// What this host's disk refused, if that was it.
  const std::optional<file_failure>& local_failure() const noexcept { return local_failure_; }

private:
  void on_start(const TRANSPORTCLIENT_SESSION_INFO& info);
  void on_contents(const void* bytes, ULONG size, ULARGE_INTEGER offset);
  void on_proven(ULONG size, ULARGE_INTEGER offset);
  DWORD hold();
  void on_complete(DWORD error);
  bool is_whole() const noexcept { return written_bytes_ + proven_bytes_ == object_bytes_; }
  bool may_wait_for_more() const noexcept;
  void write_run();
  void give_back_run(bool keep_last);
  void give_up(file_failure reason);

  struct callbacks;

  struct block {
    std::uint64_t offset;
    ULONG size;
  };

  void complete(const block& done);

  staged_file& file_;
  bool initialised_ = false;
  HANDLE key_ = nullptr;
  event_flag over_;

  std::atomic<bool> started_{false};
  std::atomic<std::uint64_t> object_bytes_{0};
  std::atomic<ULONG> block_bytes_{0};
  std::atomic<std::uint64_t> written_bytes_{0};
  std::atomic<std::uint64_t> proven_bytes_{0};

  // Of the session's thread.
  std::uint64_t most_waiting_ = 0; ///< bytes that may wait to be written with others
  block_run run_;                  ///< waits
  std::uint64_t received_bytes_ = 0;

  // Written on the session's thread, read once it is over.
  DWORD error_ = ERROR_SUCCESS;
  std::optional<block> kept_back_;
  std::optional<file_failure> local_failure_;
};

} // namespace fleetcast::apps
