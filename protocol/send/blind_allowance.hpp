/// What a sender may send while it has heard nobody: without it, one request and no word more would draw a whole object
/// onto the network.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace fleetcast::protocol {

/// Counts what leaves while nobody of the group has been heard. It is one allowance for the whole transmission: those
/// who come and go without a word do not renew it.
class blind_allowance {
public:
  void spend(std::size_t bytes) noexcept { spent_ += bytes; }

  /// Nothing but rare heartbeats leaves from now on, until somebody is heard. Some of the allowance is kept for those.
  bool exhausted() const noexcept {
    return spent_ + defaults::blind_reserve >= defaults::blind_bytes;
  }

  std::size_t spent() const noexcept { return spent_; }

  /// Pause after a heartbeat once that is spent. The first ones follow soon: a receiver may only have missed those before.
  duration next_interval() noexcept {
    interval_ = std::min<duration>(2 * interval_, defaults::blind_heartbeat_interval);
    return interval_;
  }

private:
  std::size_t spent_ = 0;
  duration interval_ = defaults::heartbeat_interval / 2;
};

} // namespace fleetcast::protocol
