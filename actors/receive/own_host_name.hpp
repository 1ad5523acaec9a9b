#pragma once

#include <string>

namespace fleetcast::actors {

/// What a server's listings call this host; at most wire::max_host_name_size bytes.
[[nodiscard]] std::string own_host_name();

} // namespace fleetcast::actors
