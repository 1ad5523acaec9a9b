/// The one pending tick of an actor that drives a protocol machine.
#pragma once

#include "actors/interfaces.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <chrono>

namespace fleetcast::actors {

/// Time of `self` as the protocol wants it: that of its actor system's clock, which tests control.
template <class Self>
protocol::timestamp now(Self* self) {
  return self->clock().now().time_since_epoch();
}

/// For people.
inline double seconds_of(protocol::duration time) {
  return std::chrono::duration<double>(time).count();
}

/// Below 0: `to` comes first.
inline double seconds_between(protocol::timestamp from, protocol::timestamp to) {
  return seconds_of(to - from);
}

/// Keeps at most one useful tick under way. A machine's next event moves often, mostly to later: a tick
/// that comes early finds nothing due and arms the next one.
class tick_timer {
public:
  /// Sees to it that `self` gets a tick at `at` or earlier.
  template <class Self>
  void arm(Self* self, protocol::timestamp at) {
    if (at == protocol::never || armed_ <= at)
      return;
    armed_ = at;
    const auto wait = std::max(at - now(self), protocol::duration::zero());
    self->delayed_send(self, wait, tick_atom::value);
  }

  /// A tick came.
  void fired(protocol::timestamp now) noexcept {
    // An older, later tick must not disarm a newer, earlier one that is still to come.
    if (armed_ > now)
      return;
    latest_ = std::max(latest_, now - armed_);
    armed_ = protocol::never;
  }

  /// `never`: none is under way.
  protocol::timestamp due() const noexcept { return armed_; }

  /// How late a tick came at worst.
  protocol::duration latest() const noexcept { return latest_; }

private:
  protocol::timestamp armed_ = protocol::never;
  protocol::duration latest_{};
};

} // namespace fleetcast::actors
