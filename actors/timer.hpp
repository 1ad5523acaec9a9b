/// The one pending tick of an actor that drives a protocol machine.
#pragma once

#include "actors/interfaces.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>

namespace fleetcast::actors {

/// Time of `self` as the protocol wants it: that of its actor system's clock, which tests control.
template <class Self>
protocol::timestamp now(Self* self) {
  return self->clock().now().time_since_epoch();
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
    if (armed_ <= now)
      armed_ = protocol::never;
  }

private:
  protocol::timestamp armed_ = protocol::never;
};

} // namespace fleetcast::actors
