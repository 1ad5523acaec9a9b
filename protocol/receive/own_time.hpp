/// Time as a receiver lived through it: what it slept does not count.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

namespace fleetcast::protocol {

/// A process that was stopped, or a host that was suspended, heard nothing meanwhile, and that is nobody's silence. What
/// was sent to it may still wait in the socket. So a gap between two turns counts only if it is short enough to be
/// the ordinary wait for the next one.
///
/// Its owner takes a turn whenever something comes, and at `next_turn` at the latest.
class own_time {
public:
  explicit own_time(timestamp now) : last_turn_(now), own_(now), next_turn_(now + interval()) {}

  /// A turn begins at `now`.
  void turn(timestamp now) noexcept {
    if (now - last_turn_ <= defaults::max_own_gap)
      own_ += now - last_turn_;
    last_turn_ = now;
  }

  /// A turn begins at `now` that was taken for the sake of time.
  void timed_turn(timestamp now) noexcept {
    turn(now);
    next_turn_ = now + interval();
  }

  /// Equal to real time as long as no turn is late, and behind it from then on.
  timestamp now() const noexcept { return own_; }

  /// The real time of the next turn: at this moment of own time or sooner.
  timestamp next_turn(timestamp own) const noexcept {
    if (own == never)
      return next_turn_;
    return own - own_ < next_turn_ - last_turn_ ? last_turn_ + (own - own_) : next_turn_;
  }

private:
  static constexpr duration interval() { return defaults::own_turn_interval; }

  timestamp last_turn_;
  timestamp own_;
  timestamp next_turn_;
};

} // namespace fleetcast::protocol
