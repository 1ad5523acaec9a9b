/// The ticks by which an actor drives a protocol machine.
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

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

/// Ticks on their way to an actor. A machine's next event moves often, mostly to later: a tick that comes early finds
/// nothing due and asks for the next one, and one that is still under way serves whatever is due after it.
class ticks_under_way {
public:
  /// Something is due at `at`. True: no tick under way comes before that, so send one; it is under way now.
  [[nodiscard]] bool need(protocol::timestamp at) {
    if (at == protocol::never || due() <= at)
      return false;
    due_.push_back(at);
    return true;
  }

  /// A tick came; perhaps more than one, of which the others follow and find nothing to do.
  void came(protocol::timestamp now) noexcept {
    if (due() <= now)
      latest_ = std::max(latest_, now - due());
    while (due() <= now)
      due_.pop_back();
  }

  /// The first of them; `never`: there is none.
  protocol::timestamp due() const noexcept { return due_.empty() ? protocol::never : due_.back(); }

  /// How late a tick came at worst.
  protocol::duration latest() const noexcept { return latest_; }

private:
  std::vector<protocol::timestamp>
    due_; ///< the first one last: each was needed before those that there were
  protocol::duration latest_{};
};

/// The ticks of an actor that drives a protocol machine.
class tick_timer {
public:
  /// Sees to it that `self` gets a tick at `at` or earlier.
  template <class Self>
  void arm(Self* self, protocol::timestamp at) {
    if (ticks_.need(at))
      self->delayed_send(self, std::max(at - now(self), protocol::duration::zero()),
                         tick_atom::value);
  }

  /// A tick came.
  void fired(protocol::timestamp now) noexcept { ticks_.came(now); }

  /// `never`: none is under way.
  protocol::timestamp due() const noexcept { return ticks_.due(); }

  /// How late a tick came at worst.
  protocol::duration latest() const noexcept { return ticks_.latest(); }

private:
  ticks_under_way ticks_;
};

} // namespace fleetcast::actors
