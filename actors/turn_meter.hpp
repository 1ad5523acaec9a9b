/// The duty cycle of a loop: how often it ran, and the longest it left its work lying.
#pragma once

#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>

namespace fleetcast::actors {

/// One call a turn: a comparison and two stores, so that it may sit in the datapath.
class turn_meter {
public:
  /// A turn begins at `now`. `had_work`: since the last turn something waited for this one; a pause in
  /// which there was nothing to do is no gap.
  void turn(protocol::timestamp now, bool had_work) noexcept {
    if (had_work && turns_ != 0)
      longest_gap_ = std::max(longest_gap_, now - last_);
    last_ = now;
    ++turns_;
  }

  std::uint64_t turns() const noexcept { return turns_; }
  protocol::duration longest_gap() const noexcept { return longest_gap_; }

private:
  protocol::timestamp last_{};
  protocol::duration longest_gap_{};
  std::uint64_t turns_ = 0;
};

} // namespace fleetcast::actors
