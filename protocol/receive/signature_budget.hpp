/// How many signatures a receiver checks a second: each takes some 70 us, and any holder of the group key can send as
/// many bad ones as it likes.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>

namespace fleetcast::protocol {

class signature_budget {
public:
  explicit signature_budget(timestamp now) : filled_at_(now) {}

  /// Whether one may be checked now; it counts as checked then.
  [[nodiscard]] bool take(timestamp now) noexcept {
    constexpr duration each = duration{seconds(1)} / defaults::signatures_per_second;
    const auto earned = (now - filled_at_) / each;
    filled_at_ = earned >= defaults::signature_burst - left_ ? now : filled_at_ + earned * each;
    left_ = static_cast<std::int64_t>(
      std::min<std::int64_t>(left_ + earned, defaults::signature_burst));
    if (left_ == 0)
      return false;
    --left_;
    return true;
  }

private:
  timestamp filled_at_;
  std::int64_t left_ = defaults::signature_burst;
};

} // namespace fleetcast::protocol
