/// Where agents wait for coordinators.
#pragma once

#include <cstdint>

namespace fleetcast::actors::fleet {

/// Over TCP, unless the list of hosts says otherwise.
constexpr std::uint16_t default_agent_port = 5045;

} // namespace fleetcast::actors::fleet
