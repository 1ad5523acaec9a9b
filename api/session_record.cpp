#include "api/session_record.hpp"

#include "actors/kit/session_ids.hpp"
#include "api/error_codes.hpp"

#include <chrono>
#include <new>
#include <utility>

namespace fleetcast::api {

namespace {

using actors::failure;
using actors::failure_code;

thread_local const session_record* current_session = nullptr;

failure cancelled_with(DWORD code) {
  return {failure_code::cancelled, code,
          "the program cancelled the session with error " + std::to_string(code)};
}

/// FLEETCAST_LIMIT_...: the factors that a receiver knows of.
ULONG limit_code(protocol::limiting_factor factor) noexcept {
  using enum protocol::limiting_factor;
  static_assert(ULONG{FLEETCAST_LIMIT_UNKNOWN} == static_cast<ULONG>(unknown)
                && ULONG{FLEETCAST_LIMIT_SENDER} == static_cast<ULONG>(sender)
                && ULONG{FLEETCAST_LIMIT_NETWORK} == static_cast<ULONG>(network)
                && ULONG{FLEETCAST_LIMIT_HOST} == static_cast<ULONG>(host)
                && ULONG{FLEETCAST_LIMIT_CONSUMER} == static_cast<ULONG>(consumer));
  return static_cast<ULONG>(factor);
}

} // namespace

session_record::session_record(session_environment shared, session_key key,
                               actors::receive_request request, void* caller_data)
  : environment_(shared),
    key_(key),
    id_(actors::next_session_id()),
    caller_data_(caller_data),
    request_(std::move(request)) {}

session_record::~session_record() {
  // Both over and closed, or never started: nothing is promised for these blocks any more (R-BUF-7).
  for (const auto& [offset, block] : outstanding_)
    environment_.buffers.drop(block.bytes);
}

// -- the consumer's calls ---------------------------------------------------------------------------

DWORD session_record::register_callback(std::uint32_t id, void* function) {
  lock guard{mutex_};
  if (closed_)
    return ERROR_INVALID_HANDLE;
  if (id >= callbacks_.size() || function == nullptr)
    return ERROR_INVALID_PARAMETER;
  if (phase_ != phase::created)
    return ERROR_INVALID_STATE;
  callbacks_[id] = function;
  return ERROR_SUCCESS;
}

DWORD session_record::hold(std::vector<actors::byte_range> ranges, held_functions functions) {
  lock guard{mutex_};
  if (const auto refused = check_created(); refused != ERROR_SUCCESS)
    return refused;
  request_.held = std::move(ranges);
  held_ = functions;
  return ERROR_SUCCESS;
}

/// What is set before the start can be set now.
DWORD session_record::check_created() const noexcept {
  if (closed_)
    return ERROR_INVALID_HANDLE;
  return phase_ == phase::created ? ERROR_SUCCESS : ERROR_INVALID_STATE;
}

DWORD session_record::set_patience(protocol::duration patience) {
  lock guard{mutex_};
  if (const auto refused = check_created(); refused != ERROR_SUCCESS)
    return refused;
  request_.patience = patience;
  return ERROR_SUCCESS;
}

DWORD session_record::start(std::shared_ptr<api_port> port) {
  lock guard{mutex_};
  if (const auto refused = check_created(); refused != ERROR_SUCCESS)
    return refused;
  if (!may_start_)
    return ERROR_SHUTDOWN_IN_PROGRESS;
  for (auto required : {WDS_TRANSPORTCLIENT_SESSION_START, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
                        WDS_TRANSPORTCLIENT_SESSION_COMPLETE})
    if (callbacks_[required] == nullptr)
      return ERROR_INVALID_PARAMETER;
  phase_ = phase::running;
  story_.clear();
  port_ = std::move(port);
  return ERROR_SUCCESS;
}

void session_record::withdraw_start(std::string why) {
  bool gone = false;
  {
    lock guard{mutex_};
    phase_ = phase::created;
    port_ = nullptr;
    story_ = std::move(why);
    gone = closed_;
    changed_.notify_all();
  }
  if (gone) // closed while it seemed to run
    leave_table();
}

DWORD session_record::cancel(DWORD code) {
  std::shared_ptr<api_port> port;
  {
    lock guard{mutex_};
    if (closed_)
      return ERROR_INVALID_HANDLE;
    if (code == ERROR_SUCCESS)
      return ERROR_INVALID_PARAMETER;
    if (over()) {
      // No receipt, if there was none; else unchanged. No release may overtake this either, see
      // complete_receive.
      port = std::exchange(port_, nullptr);
      writer_ = nullptr;
    } else if (!cancel_code_) {
      cancel_code_ = code;
      port = port_;
    }
  }
  tell_cancel(port, code);
  return ERROR_SUCCESS;
}

DWORD session_record::complete_receive(std::uint32_t size, std::uint64_t offset) {
  outstanding_block block;
  std::shared_ptr<writer_port> writer;
  {
    lock guard{mutex_};
    auto known = outstanding_.find(offset);
    if (known == outstanding_.end() || known->second.size != size)
      return ERROR_INVALID_PARAMETER;
    block = known->second;
    outstanding_.erase(known);
    outstanding_bytes_ -= size;
    // After a cancel nobody waits for credit, and a release would overtake the cancel: the session must
    // not take a consumer that gave up for one that is done.
    if (!cancel_code_)
      writer = writer_;
    if (over() && outstanding_.empty())
      forget_ports();
  }
  environment_.buffers.drop(block.bytes);
  if (writer)
    writer->release({offset, size});
  return ERROR_SUCCESS;
}

DWORD session_record::wait(std::uint32_t milliseconds) {
  lock guard{mutex_};
  if (closed_)
    return ERROR_INVALID_HANDLE; // inside a callback, too (R-CLS-10)
  if (current_session == this)
    return ERROR_POSSIBLE_DEADLOCK;
  auto settled = [this] { return phase_ == phase::completed || never_runs() != ERROR_SUCCESS; };
  if (milliseconds == INFINITE)
    changed_.wait(guard, settled);
  else
    changed_.wait_for(guard, std::chrono::milliseconds{milliseconds}, settled);
  if (phase_ == phase::completed)
    return ERROR_SUCCESS;
  const auto why = never_runs();
  return why != ERROR_SUCCESS ? why : WAIT_TIMEOUT;
}

DWORD session_record::query(ULONG& status, ULONG& error) const {
  lock guard{mutex_};
  if (closed_)
    return ERROR_INVALID_HANDLE;
  error = final_error_;
  if (!over())
    status = WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS;
  else if (final_error_ == ERROR_SUCCESS)
    status = WDS_TRANSPORTCLIENT_STATUS_SUCCESS;
  else
    status = WDS_TRANSPORTCLIENT_STATUS_FAILURE;
  return ERROR_SUCCESS;
}

DWORD session_record::require(HANDLE negotiate_key, std::uint64_t first, std::uint64_t size) {
  lock guard{mutex_};
  if (negotiate_key != to_negotiate_handle(key_))
    return ERROR_INVALID_HANDLE;
  if (!negotiating_)
    return ERROR_INVALID_STATE;
  if (first > summary_.object_size || size > summary_.object_size - first)
    return ERROR_INVALID_PARAMETER;
  required_ = actors::byte_range{first, size};
  return ERROR_SUCCESS;
}

DWORD session_record::error_story(std::string& text) const {
  lock guard{mutex_};
  if (closed_)
    return ERROR_INVALID_HANDLE;
  text = story_;
  return ERROR_SUCCESS;
}

DWORD session_record::statistics(FLEETCAST_SESSION_STATISTICS& figures) const {
  lock guard{mutex_};
  if (closed_)
    return ERROR_INVALID_HANDLE;
  const auto& counted = summary_.statistics;
  figures = {};
  figures.ulUnverified = request_.unsealed ? 1 : 0;
  figures.ullObjectBytes = summary_.object_size;
  figures.ullCompletedBytes = counted.bytes + counted.bytes_proven;
  figures.ullDeliveredBytes = delivered_bytes_;
  figures.ullOutstandingBytes = outstanding_bytes_;
  figures.ullTotalBlocks = summary_.total_blocks;
  figures.ullCompletedBlocks = summary_.completed_blocks;
  figures.ullDatagrams = counted.datagrams;
  figures.ullSourceSymbols = counted.source_symbols;
  figures.ullRepairSymbols = counted.repair_symbols;
  figures.ullRepairedSymbols = counted.repaired_symbols;
  figures.ullLostPackets = counted.lost_packets;
  figures.ullKernelDrops = counted.kernel_drops;
  figures.ullRequestsSent = counted.requests_sent;
  figures.ullRequestsSuppressed = counted.requests_suppressed;
  figures.ullDigestFailures = counted.digest_failures;
  figures.ulLimitingFactor = limit_code(summary_.limited_by);
  figures.ullProvenBytes = counted.bytes_proven;
  figures.ullRefutedBlocks = counted.blocks_refuted;
  figures.ulWaitsForServer = summary_.waits_for_server ? 1 : 0;
  figures.ulReconnections = summary_.reconnections;
  return ERROR_SUCCESS;
}

DWORD session_record::check_open() const {
  lock guard{mutex_};
  return closed_ ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

DWORD session_record::close() {
  std::shared_ptr<api_port> port;
  {
    lock guard{mutex_};
    if (closed_)
      return ERROR_INVALID_HANDLE;
    closed_ = true;
    if (phase_ == phase::running || phase_ == phase::ending)
      return ERROR_SUCCESS; // completed() does the rest (R-CLS-7)
    port = std::exchange(port_, nullptr);
    changed_.notify_all();
  }
  tell_cancel(port, ERROR_CANCELLED);
  leave_table();
  return ERROR_SUCCESS;
}

// -- Shutdown ---------------------------------------------------------------------------------------

void session_record::begin_shutdown() {
  std::shared_ptr<api_port> port;
  {
    lock guard{mutex_};
    may_start_ = false;
    if (phase_ == phase::created) {
      changed_.notify_all();
      return;
    }
    if (cancel_code_ || over())
      return;
    cancel_code_ = ERROR_CANCELLED;
    port = port_;
  }
  tell_cancel(port, ERROR_CANCELLED);
}

void session_record::await_end() {
  lock guard{mutex_};
  changed_.wait(guard, [this] { return phase_ == phase::created || phase_ == phase::completed; });
}

// -- the session's own side -------------------------------------------------------------------------

failure session_record::cancel_reason() const {
  lock guard{mutex_};
  return cancel_code_ ? cancelled_with(*cancel_code_) : failure{};
}

bool session_record::may_call_back() const {
  lock guard{mutex_};
  return !cancel_code_ && phase_ == phase::running;
}

void session_record::note_started(std::uint64_t object_size, std::shared_ptr<writer_port> writer) {
  lock guard{mutex_};
  writer_ = std::move(writer);
  summary_.object_size = object_size;
}

void session_record::begin_negotiation() {
  lock guard{mutex_};
  negotiating_ = true;
}

std::optional<actors::byte_range> session_record::end_negotiation() {
  lock guard{mutex_};
  negotiating_ = false;
  return required_;
}

void session_record::give_back(const actors::block_delivery& block) {
  std::shared_ptr<writer_port> writer;
  {
    lock guard{mutex_};
    if (!cancel_code_) // see complete_receive
      writer = writer_;
  }
  if (writer)
    writer->release({block.offset, block.size});
}

void session_record::note_progress(const actors::receive_summary& summary) {
  lock guard{mutex_};
  summary_ = summary;
}

bool session_record::begin_contents(const actors::block_delivery& block) {
  lock guard{mutex_};
  if (cancel_code_ || phase_ != phase::running)
    return false;
  // Each byte comes once (R-RC-7); a second delivery under way would be a defect below us.
  auto [position, added]
    = outstanding_.emplace(block.offset, outstanding_block{block.size, block.bytes.get()});
  if (!added)
    return false;
  outstanding_bytes_ += block.size;
  if (block.bytes == nullptr) // proven: the consumer has them
    return true;
  environment_.buffers.hold(block.bytes); // until CompleteReceive
  environment_.buffers.hold(block.bytes); // until the callback has returned
  delivered_bytes_ += block.size;
  return true;
}

void session_record::end_contents(const actors::block_delivery& block) {
  environment_.buffers.drop(block.bytes.get());
}

DWORD session_record::finish(const actors::session_finished& message) noexcept {
  lock guard{mutex_};
  phase_ = phase::ending;
  if (message.reason || outstanding_.empty())
    forget_ports();
  if (message.summary.object_size != 0 || message.summary.statistics.datagrams != 0)
    summary_ = message.summary;
  settle(message.reason);
  return final_error_;
}

void session_record::completed() noexcept {
  bool gone = false;
  std::shared_ptr<api_port> port;
  {
    lock guard{mutex_};
    phase_ = phase::completed;
    gone = closed_;
    if (gone)
      port = std::exchange(port_, nullptr);
    changed_.notify_all();
  }
  if (!gone)
    return;
  // Nobody can release the blocks that are still held. Without memory for this word the library's end does it.
  try {
    tell_cancel(port, ERROR_CANCELLED);
  } catch (const std::bad_alloc&) {}
  leave_table();
}

DWORD session_record::never_runs() const noexcept {
  if (phase_ != phase::created)
    return ERROR_SUCCESS;
  if (closed_)
    return ERROR_INVALID_HANDLE;
  return may_start_ ? ERROR_SUCCESS : ERROR_SHUTDOWN_IN_PROGRESS;
}

void session_record::forget_ports() noexcept {
  port_ = nullptr;
  writer_ = nullptr;
}

void session_record::settle(const failure& reason) noexcept {
  // A cancel wins over whatever else came meanwhile, success included: blocks may have been held back
  // for it, and what the caller asked for is what it is told (W-CAN-1, R-CP-7).
  final_error_ = cancel_code_ ? *cancel_code_ : to_win32(reason);
  try {
    if (cancel_code_ && reason.code != failure_code::cancelled)
      story_ = cancelled_with(*cancel_code_).text;
    else
      story_ = reason.text;
    if (story_.empty() && final_error_ != ERROR_SUCCESS)
      story_ = error_text(final_error_);
  } catch (const std::bad_alloc&) {
    story_.clear(); // the code says enough for a host without memory
  }
}

void session_record::tell_cancel(const std::shared_ptr<api_port>& port, DWORD code) const {
  if (port)
    port->cancel(id_, cancelled_with(code));
}

void session_record::leave_table() noexcept {
  environment_.sessions.remove(key_);
}

// -- callback_scope -----------------------------------------------------------------------------------

callback_scope::callback_scope(const session_record& session) noexcept {
  current_session = &session;
}

callback_scope::~callback_scope() {
  current_session = nullptr;
}

const session_record* callback_scope::current() noexcept {
  return current_session;
}

} // namespace fleetcast::api
