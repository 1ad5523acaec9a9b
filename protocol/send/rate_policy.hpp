/// Which rate_controller a sender gets.
#pragma once

#include "protocol/send/adaptive_rate.hpp"
#include "protocol/send/fixed_rate.hpp"
#include "protocol/send/tcp_friendly_rate.hpp"

#include <memory>

namespace fleetcast::protocol {

enum class rate_policy : std::uint8_t {
  adaptive,     ///< what the slowest receiver's path is found to carry
  tcp_friendly, ///< what a TCP flow would get on it
  fixed,
};

/// `fixed` bits per second, if that is not 0 or the policy; else as `policy` says.
inline std::unique_ptr<rate_controller>
make_rate_controller(bit_rate fixed, rate_policy policy = rate_policy::adaptive) {
  if (fixed != 0 || policy == rate_policy::fixed)
    return std::make_unique<fixed_rate>(fixed);
  if (policy == rate_policy::tcp_friendly)
    return std::make_unique<tcp_friendly_rate>();
  return std::make_unique<adaptive_rate>();
}

} // namespace fleetcast::protocol
