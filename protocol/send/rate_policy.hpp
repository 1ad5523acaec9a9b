/// Which rate_controller a sender gets.
#pragma once

#include "protocol/send/adaptive_rate.hpp"
#include "protocol/send/fixed_rate.hpp"

#include <memory>

namespace fleetcast::protocol {

/// `fixed` bits per second, or, when that is 0, what the slowest receiver's path is found to carry.
inline std::unique_ptr<rate_controller> make_rate_controller(bit_rate fixed) {
  if (fixed == 0)
    return std::make_unique<adaptive_rate>();
  return std::make_unique<fixed_rate>(fixed);
}

} // namespace fleetcast::protocol
