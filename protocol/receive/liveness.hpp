/// Whether a receiver hears its sender and gets on, and what is wrong if not.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/receive/hearing.hpp"
#include "protocol/receive/own_time.hpp"
#include "protocol/receive/progress_watch.hpp"
#include "protocol/receive/size_watch.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

/// What a receiver can say of its reception beyond figures.
struct reception_health {
  bool is_deaf = false;   ///< nothing has come for a while
  bool has_heard = false; ///< something came before
  duration silence{};     ///< since the last datagram, less what this host slept

  /// How often the group should have been left and joined again so far.
  std::uint32_t joins = 0;

  /// It hears, and gets nothing of what it lacks.
  std::optional<progress_watch::stall> stalled;
};

/// Puts together what watches a receiver. All judgements are made in own_time, and in turns that are taken for the sake
/// of time: after a sleep what waits in the socket is read before the next one.
class liveness {
public:
  /// `full_datagram`: the largest that symbols of this object travel in, as UDP payload; `headers`: bytes of the
  /// UDP and IP headers before it, for people.
  liveness(std::size_t full_datagram, std::size_t headers, timestamp now)
    : time_(now),
      hearing_(now),
      sizes_(full_datagram, now),
      progress_(now),
      full_datagram_(full_datagram),
      headers_(headers) {}

  /// Something comes; first of all.
  void turn(timestamp now) noexcept { time_.turn(now); }

  /// It is an authentic datagram of so many bytes.
  void heard(std::uint64_t packet, std::size_t size) {
    hearing_.heard(time_.now());
    sizes_.arrived(time_.now(), packet, size);
    progress_.arrived(packet);
  }

  /// A symbol that was lacking came.
  void got_on() noexcept { progress_.got_on(time_.now()); }

  /// A request went out.
  void asked() noexcept { progress_.asked(); }

  /// A heartbeat differs from the one before in what was sent.
  void sender_moved() noexcept {
    sizes_.sender_moved();
    progress_.sender_moved();
  }

  /// A turn of a receiver that still lacks something. `waits_for_consumer`: it could not take anything now. Why it
  /// cannot succeed, if so.
  [[nodiscard]] failure on_time(timestamp now, bool waits_for_consumer);

  reception_health health() const;

  /// Of a receiver that still lacks something.
  timestamp next_event() const noexcept { return time_.next_turn(hearing_.next_event()); }

private:
  failure wrong_size(const size_watch::finding& found) const;

  own_time time_;
  hearing hearing_;
  size_watch sizes_;
  progress_watch progress_;
  std::size_t full_datagram_;
  std::size_t headers_;
};

} // namespace fleetcast::protocol
