/// The processor of a busy host: a process that has something to do waits for its turn, and then does all that has come
/// by then.
#pragma once

#include "protocol/simulation/small_random.hpp"
#include "protocol/timestamp.hpp"

#include <cmath>
#include <cstdint>

namespace fleetcast::protocol::simulation {

class processor {
public:
  /// Turns are waited for so long on average, exponentially; not at all if that is 0.
  processor(duration mean_wait, std::uint64_t seed) noexcept
    : mean_wait_(mean_wait),
      random_(seed) {}

  /// What comes is done at once.
  bool never_waits() const noexcept { return mean_wait_ == duration::zero(); }

  /// When what has come at `now` is done.
  timestamp turn(timestamp now) noexcept {
    if (turn_at_ <= now)
      turn_at_ = now
                 + duration{static_cast<std::int64_t>(-std::log(random_.unit())
                                                      * static_cast<double>(mean_wait_.count()))};
    return turn_at_;
  }

private:
  duration mean_wait_;
  small_random random_;
  timestamp turn_at_{};
};

} // namespace fleetcast::protocol::simulation
