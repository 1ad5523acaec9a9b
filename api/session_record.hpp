/// One session of the API: what is true of it whatever thread asks.
///
///     created ──start──> running ──finish──> ending ──completed──> completed
///                                   (SESSION_COMPLETE runs)
///
/// A session that succeeded lives on below until the consumer completed every block it still holds (the
/// server then gets its receipt), cancelled or closed it (the server hears that it left).
///
/// `closed` is a flag beside it: a closed session that still runs goes on, deaf to everything but
/// CompleteReceive, and removes itself from the handle table once it is completed.
///
/// Consumer's threads and the session's own callback thread meet here, under one mutex that is never
/// held while a callback runs or a message is sent.
#pragma once

#include "actors/messages/receiving.hpp"
#include "api/api_port.hpp"
#include "api/buffer_registry.hpp"
#include "api/fleetcast_ext.h"
#include "api/handle_table.hpp"
#include "api/wdstci.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::api {

/// What all sessions share; outlives them.
struct session_environment {
  handle_table& sessions;
  buffer_registry& buffers;
};

/// By which a consumer shows what it holds, and hears what of it is proven.
struct held_functions {
  PFN_FleetcastReadHeld read = nullptr;
  PFN_FleetcastHeldProven proven = nullptr;
};

class session_record {
public:
  session_record(session_environment shared, session_key key, actors::receive_request request,
                 void* caller_data);
  ~session_record();

  session_record(const session_record&) = delete;
  session_record& operator=(const session_record&) = delete;

  // -- fixed for life ---------------------------------------------------------------------------

  session_key key() const noexcept { return key_; }
  actors::session_id id() const noexcept { return id_; }
  void* caller_data() const noexcept { return caller_data_; }

  // -- the consumer's calls, any thread -----------------------------------------------------------

  DWORD register_callback(std::uint32_t id, void* function);

  /// What the consumer holds of the object; `functions` are set if it holds anything.
  DWORD hold(std::vector<actors::byte_range> ranges, held_functions functions);

  /// How long it waits for a server that went away.
  DWORD set_patience(protocol::duration patience);

  /// To running, if everything needed is there. `port` takes this session's cancel from now on.
  DWORD start(std::shared_ptr<api_port> port);

  /// The start could not be carried out: as if it had not been (R-START-8).
  void withdraw_start(std::string why);

  DWORD cancel(DWORD code);
  DWORD complete_receive(std::uint32_t size, std::uint64_t offset);
  DWORD wait(std::uint32_t milliseconds);
  DWORD query(ULONG& status, ULONG& error) const;
  DWORD require(HANDLE negotiate_key, std::uint64_t first, std::uint64_t size);
  DWORD error_story(std::string& text) const;
  DWORD statistics(FLEETCAST_SESSION_STATISTICS& figures) const;

  /// ERROR_INVALID_HANDLE once closed.
  DWORD check_open() const;

  /// Removes itself from the handle table if nothing runs any more.
  DWORD close();

  // -- Shutdown -----------------------------------------------------------------------------------

  /// Cancels what runs, keeps the rest from starting, wakes who waits for a start that never comes.
  void begin_shutdown();

  /// Until SESSION_COMPLETE has returned, if the session was ever started.
  void await_end();

  // -- the session's own side: api_actor and callback_actor ---------------------------------------

  /// The consumer's cancel, if there was one.
  actors::failure cancel_reason() const;

  // Fixed once the session runs.
  const actors::receive_request& request() const noexcept { return request_; }
  void* callback(std::uint32_t id) const noexcept { return callbacks_[id]; }
  const held_functions& held() const noexcept { return held_; }

  bool may_call_back() const;

  /// The size of the object, and how blocks are given back.
  void note_started(std::uint64_t object_size, std::shared_ptr<writer_port> writer);

  /// SESSION_NEGOTIATE is called between these two; the latter gives what the consumer asked for in it.
  void begin_negotiation();
  std::optional<actors::byte_range> end_negotiation();

  /// Keeps `bytes` for as long as their callback runs (R-BUF-6, R-BUF-7).
  void keep_alive(const protocol::const_block_buffer& bytes) { environment_.buffers.hold(bytes); }
  void let_go(const void* bytes) noexcept { environment_.buffers.drop(bytes); }

  /// A block outside of the range that was negotiated, on its way before that: back with it.
  void give_back(const actors::block_delivery& block);
  void note_progress(const actors::receive_summary& summary);

  /// False: this block must not reach the consumer. True: its callback has begun (R-CAN-8).
  [[nodiscard]] bool begin_contents(const actors::block_delivery& block);
  void end_contents(const actors::block_delivery& block);

  /// Settles the outcome, visible from here on (R-QRY-10); what SESSION_COMPLETE shall report.
  DWORD finish(const actors::session_finished& message) noexcept;

  /// SESSION_COMPLETE has returned.
  void completed() noexcept;

private:
  enum class phase { created, running, ending, completed };

  /// Delivered, not completed yet.
  struct outstanding_block {
    std::uint32_t size = 0;
    const void* bytes = nullptr;
  };

  using lock = std::unique_lock<std::mutex>;

  DWORD check_created() const noexcept;

  /// Waiting for it ends with this code, since it will not run; ERROR_SUCCESS: it may.
  DWORD never_runs() const noexcept;

  bool over() const noexcept { return phase_ == phase::ending || phase_ == phase::completed; }
  void settle(const actors::failure& reason) noexcept;
  void tell_cancel(const std::shared_ptr<api_port>& port, DWORD code) const;
  void leave_table() noexcept;
  void forget_ports() noexcept;

  const session_environment environment_;
  const session_key key_;
  const actors::session_id id_;
  void* const caller_data_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  phase phase_ = phase::created;
  bool closed_ = false;
  bool may_start_ = true; ///< false once Shutdown began

  actors::receive_request request_;
  std::array<void*, WDS_TRANSPORTCLIENT_MAX_CALLBACKS> callbacks_{};
  held_functions held_;
  bool negotiating_ = false;
  std::optional<actors::byte_range> required_;
  std::optional<DWORD> cancel_code_;
  DWORD final_error_ = ERROR_SUCCESS;
  std::string story_;

  /// Both dropped when nothing is left to tell them, after the end and the last CompleteReceive: a way kept would keep
  /// the actor at its end.
  std::shared_ptr<api_port> port_;
  std::shared_ptr<writer_port> writer_;

  std::map<std::uint64_t, outstanding_block> outstanding_; ///< by offset
  std::uint64_t outstanding_bytes_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  actors::receive_summary summary_;
};

/// Marks this thread as being inside a callback of `session` while it lives.
class callback_scope {
public:
  explicit callback_scope(const session_record& session) noexcept;
  ~callback_scope();

  callback_scope(const callback_scope&) = delete;
  callback_scope& operator=(const callback_scope&) = delete;

  /// The session whose callback this thread is in, or null.
  static const session_record* current() noexcept;
};

} // namespace fleetcast::api
