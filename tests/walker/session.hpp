/// One session of the walk: what it was told, what it must hear and what it heard. Its callbacks check
/// that, then hand over to whoever wants to do something inside them.
#pragma once

#include "api/wdstci.h"
#include "tests/walker/dice.hpp"
#include "tests/walker/journal.hpp"
#include "tests/walker/objects.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace fleetcast::walker {

class session;

/// In the order in which callbacks come (R-TH-6).
enum class stage : std::uint8_t { none, start, start_ex, negotiate, metadata, contents, complete };

/// Bytes that a callback showed.
struct shown_bytes {
  void* bytes = nullptr;
  ULONG size = 0;
  std::uint64_t offset = 0;
  const std::vector<std::byte>* original = nullptr; ///< what they are a part of

  bool intact() const noexcept;
};

/// Does something inside a callback.
class companion {
public:
  virtual ~companion() = default;
  virtual void inside(session& own, stage where) = 0;
  virtual void shown(session& own, stage where, const shown_bytes& what) = 0;
  virtual void negotiate(session& own, HANDLE negotiate_key) = 0;
};

class session {
public:
  /// `content`: null for one that must never start.
  session(journal& log, companion& beside, std::uint64_t number, const object* content,
          std::uint64_t seed);

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  std::uint64_t number() const noexcept { return number_; }
  HANDLE key() const noexcept { return key_; }
  HANDLE& room_for_key() noexcept { return key_; }
  const object* content() const noexcept { return content_; }

  /// Of the callbacks; they come one at a time.
  dice& luck() noexcept { return luck_; }

  /// The function for a callback.
  static PVOID function(TRANSPORTCLIENT_CALLBACK_ID id);

  // -- calls, from any thread -----------------------------------------------------------------------

  void register_callback(TRANSPORTCLIENT_CALLBACK_ID id, PVOID function);
  void start();
  void cancel(std::optional<DWORD> code);
  void close();
  void wait(ULONG milliseconds);
  void query();
  void statistics(ULONG length);
  void error_text(ULONG room);
  void negotiate(HANDLE negotiate_key, std::uint64_t first, std::uint64_t size);

  /// Of a block that is owed, for the first time.
  void complete_receive(const shown_bytes& block);

  /// Of one that is not: a block completed before, or never there.
  void complete_receive_again(ULONG size, std::uint64_t offset);

  bool inside_own_callback() const noexcept;

  /// Closed, or a call said that there is no such session: there never will be again.
  bool gone() const noexcept { return closed_ || gone_; }

  // -- at the end -----------------------------------------------------------------------------------

  /// Shutdown has returned: nothing may come any more, and all must be there.
  void verify_ended();

  void print(std::ostream& out) const;

  std::uint64_t blocks_seen() const noexcept { return blocks_seen_; }
  bool started() const noexcept { return starts_ != 0; }
  bool succeeded() const noexcept { return completes_ != 0 && final_ == ERROR_SUCCESS; }

private:
  class visit;

  [[noreturn]] void fail(const std::string& what) const;
  void require(bool so, const char* what) const;
  template <class Function>
  DWORD made(call which, Function function);
  void after_close(bool was_closed, DWORD answer);

  void on_start(const ULARGE_INTEGER& size);
  void on_start_ex(const TRANSPORTCLIENT_SESSION_INFO& info);
  void on_negotiate(HANDLE negotiate_key);
  void on_metadata(void* bytes, ULONG size);
  void on_contents(void* bytes, ULONG size, std::uint64_t offset);
  void on_complete(DWORD error);
  void check_outcome(DWORD error);
  bool wanted(std::size_t block) const;

  journal& log_;
  companion& beside_;
  const std::uint64_t number_;
  const object* const content_;
  dice luck_;
  HANDLE key_ = nullptr;

  // What was done to it.
  std::atomic<unsigned> may_be_registered_{0}; ///< ids that somebody at least began to register
  std::atomic<unsigned> registered_{0};
  std::atomic<bool> start_called_{false};
  std::atomic<unsigned> starts_{0}; ///< that returned success
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> closed_{false};
  std::atomic<bool> gone_{false};
  std::mutex codes_mutex_;
  std::set<DWORD> codes_; ///< of cancels

  // What came of it.
  std::atomic<bool> inside_{false};
  std::atomic<stage> last_{stage::none};
  std::atomic<unsigned> late_{0}; ///< callbacks that entered after a cancel had returned
  std::atomic<unsigned> completes_{0};
  std::atomic<bool> complete_returned_{false};
  std::atomic<DWORD> final_{ERROR_SUCCESS};
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> blocks_seen_{0};

  // Of the callbacks alone.
  bool cancelled_inside_ = false;
  bool has_range_ = false;
  std::uint64_t first_ = 0;
  std::uint64_t size_ = 0;
  std::vector<bool> delivered_;
};

} // namespace fleetcast::walker
