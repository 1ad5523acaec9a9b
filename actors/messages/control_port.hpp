/// Where servers wait for clients.
#pragma once

#include <cstdint>

namespace fleetcast::actors {

/// Of the control plane, over TCP, unless somebody says another one.
constexpr std::uint16_t default_control_port = 5040;

} // namespace fleetcast::actors
