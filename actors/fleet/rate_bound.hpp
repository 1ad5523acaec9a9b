/// At most so many events a second in the long run, and twice that many at once: what a stalled network
/// delivers late comes in one piece.
#pragma once

#include "protocol/timestamp.hpp"

#include <algorithm>

namespace fleetcast::actors::fleet {

class rate_bound {
public:
  constexpr rate_bound(unsigned per_second, protocol::timestamp now) noexcept
    : price_(protocol::duration{protocol::seconds{1}} / per_second),
      paid_until_(now - burst) {}

  /// Whether one more may pass now.
  constexpr bool take(protocol::timestamp now) noexcept {
    const auto next = std::max(paid_until_, now - burst) + price_;
    if (next > now)
      return false;
    paid_until_ = next;
    return true;
  }

  /// As good as new: nothing is lost by forgetting it.
  constexpr bool is_idle(protocol::timestamp now) const noexcept {
    return paid_until_ <= now - burst;
  }

private:
  static constexpr protocol::duration burst = protocol::seconds{2};

  protocol::duration price_;
  protocol::timestamp paid_until_;
};

} // namespace fleetcast::actors::fleet
