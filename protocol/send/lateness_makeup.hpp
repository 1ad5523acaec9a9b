/// By how much a sender that gets its processor late must aim higher to go as fast as it may.
///
/// A wake-up that comes late is made up for by no more than the pacer's largest burst, so a busy host sends less than its
/// rate, and what its receivers take in says no more of their paths than that. What is sent in a round, held against
/// what was to be sent, tells how much is missing.
#pragma once

#include "protocol/send/bit_rate.hpp"

#include <algorithm>

namespace fleetcast::protocol {

class lateness_makeup {
public:
  /// A round in which nothing but the rate bounded what was sent is over.
  void on_round(bit_rate sent, bit_rate wanted) noexcept {
    const auto missing
      = static_cast<double>(wanted) / static_cast<double>(std::max<bit_rate>(1, sent));
    if (missing > tolerated || factor_ > 1)
      factor_ = std::clamp(factor_ * missing, 1.0, most);
  }

  /// A queue may be overflowing: from now on no more than the rate.
  void reset() noexcept { factor_ = 1; }

  double factor() const noexcept { return factor_; }

private:
  /// Rounds are short, and datagrams whole.
  static constexpr double tolerated = 1.1;

  /// The processor may come back at any time.
  static constexpr double most = 2;

  double factor_ = 1;
};

} // namespace fleetcast::protocol
