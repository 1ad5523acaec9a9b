/// The notable things of this process, with time and cause: who came and went, why the rate changed, what
/// was dropped and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace fleetcast::actors {

enum class event_kind : std::uint8_t {
  session_began,
  session_ended,
  receiver_joined,
  receiver_done,
  receiver_claimed, ///< it says so, and its reports do not show it
  receiver_left,
  rate_changed,
  nack_storm,
  dropped,
  reception, ///< what is wrong at a receiver, or no longer
  crashed,   ///< an actor died of a defect
  steered,   ///< somebody did something by console
};

/// "joined", "rate", …
const char* to_string(event_kind kind) noexcept;

struct event {
  std::uint64_t number = 0; ///< 1, 2, …: a gap shows what the ring forgot
  std::chrono::system_clock::time_point at;
  event_kind kind{};
  std::uint64_t session = 0; ///< 0: none
  std::string text;          ///< with the cause
};

/// A bounded ring: the oldest event makes room. Any thread; the lock is held for a move of a string.
/// Nothing is noted per packet: whoever could note more than a few events a second sums them up.
class event_log {
public:
  static constexpr std::size_t capacity = 1024;

  /// Longer texts are cut, and all are made plain: a peer's name or a path may be in them.
  static constexpr std::size_t max_text = 512;

  void note(event_kind kind, std::uint64_t session, std::string text);

  /// Those after `number`, oldest first, of what is remembered.
  std::vector<event> after(std::uint64_t number) const;

  /// Noted in all.
  std::uint64_t count() const;

private:
  mutable std::mutex mutex_;
  std::deque<event> events_;
  std::uint64_t count_ = 0;
};

/// This process's.
event_log& events();

} // namespace fleetcast::actors
