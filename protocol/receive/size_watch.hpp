/// Notices that datagrams of one size never arrive.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

/// On the way through a tunnel, a switch without jumbo frames or a firewall that drops fragments, heartbeats arrive and
/// symbols do not. A receiver then hears its sender all the time and gets nothing, for ever.
///
/// It is the size, and not just loss, when for some seconds no datagram of a full symbol came, smaller ones did, and
/// it is certain that full ones were sent: the sender got on, and packet numbers are missing before many of
/// the small ones. Each of these says that the way was open the moment after. A paused sender does not get on; and
/// where nine of ten datagrams are lost some full ones arrive among so many. Once full ones came, it is known how much gets
/// lost of all: as much is taken to get lost of the small ones, which are most of what an almost finished sender sends.
///
/// Sizes are those of UDP payloads, times are own_time.
class size_watch {
public:
  struct finding {
    std::size_t largest = 0; ///< that arrived
    std::uint64_t lost = 0;  ///< datagrams, since the last full one
  };

  /// `full`: the size of the largest datagrams that the object's symbols travel in.
  size_watch(std::size_t full, timestamp now) : full_(full), since_(now) {}

  /// An authentic datagram. Nearly all are full ones in order, which take a few instructions.
  void arrived(timestamp now, std::uint64_t packet, std::size_t size) {
    if (size < full_ || packet != highest_ + 1 || lost_ != 0 || largest_ != 0)
      return look_at(now, packet, size);
    since_ = now;
    ++all_arrived_;
    highest_ = packet;
    gaps_ = 0;
    moves_ = 0;
  }

  /// A heartbeat showed that symbols were sent since the one before.
  void sender_moved() noexcept { ++moves_; }

  /// Nothing: it is not so, or not known yet.
  std::optional<finding> find(timestamp now) const;

private:
  void look_at(timestamp now, std::uint64_t packet, std::size_t size);
  void begin(timestamp now);
  std::uint64_t full_ones_lost() const noexcept;

  std::size_t full_;
  timestamp since_; ///< the last full one came, or it began
  std::uint64_t highest_ = 0;

  // Until then.
  std::uint64_t all_arrived_ = 0;
  std::uint64_t all_lost_ = 0;

  // Since then.
  std::size_t largest_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t lost_ = 0;
  unsigned gaps_ = 0; ///< datagrams before which some were missing
  unsigned moves_ = 0;
};

} // namespace fleetcast::protocol
