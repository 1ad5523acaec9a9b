/// How much one receiver may fetch over its own connection: enough to mend what a member of its group spoils, too little
/// to be a way to get the object.
#pragma once

#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fleetcast::actors {

class fetch_allowance {
public:
  /// Bytes a second, and at once.
  static constexpr std::int64_t rate = 16'000'000;
  static constexpr std::int64_t burst = 4'000'000;

  /// Whether `bytes` may be sent now; they count as sent then.
  [[nodiscard]] bool take(protocol::timestamp now, std::size_t bytes) noexcept {
    const auto since = std::min<protocol::duration>(now - filled_at_, protocol::seconds(1));
    filled_at_ = now;
    left_ = std::min(burst, left_ + rate * (since.count() / 1000) / 1'000'000);
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (wanted > left_)
      return false;
    left_ -= wanted;
    return true;
  }

private:
  protocol::timestamp filled_at_{};
  std::int64_t left_ = burst;
};

} // namespace fleetcast::actors
