/// Whether somebody in the group forges: what a receiver believes depends on it.
///
/// Any holder of the group key can make every datagram except those that the server signs. As long as nothing
/// contradicts a signed message, unsigned ones are taken at face value. Once something does, only signed ones say where
/// the sender is, for a while; longer each time, since a member that has forged once will do it again.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>

namespace fleetcast::protocol {

class suspicion {
public:
  void raise(timestamp now) noexcept {
    ++raised_;
    if (is_active(now))
      return;
    until_ = now + span_;
    span_ = std::min<duration>(2 * span_, defaults::max_suspicion);
  }

  bool is_active(timestamp now) const noexcept { return now < until_; }

  /// Contradictions seen so far.
  std::uint64_t raised() const noexcept { return raised_; }

private:
  timestamp until_ = -never;
  duration span_ = defaults::min_suspicion;
  std::uint64_t raised_ = 0;
};

} // namespace fleetcast::protocol
