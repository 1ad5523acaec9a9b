/// What the commands that run for long have in common.
#pragma once

#include <string>

namespace fleetcast::apps {

/// Log on standard error, from this level on: debug, info, warning, error, off.
void set_up_log(const std::string& level);

/// Takes all the descriptors this process may have: peers are connections.
void raise_descriptor_limit();

} // namespace fleetcast::apps
