/// What systemd likes to know of a service; without it nothing happens.
#pragma once

#include <string>

namespace fleetcast::apps {

/// Ready to serve; `status` is what `systemctl status` shows.
void tell_ready(const std::string& status);

void tell_stopping();

} // namespace fleetcast::apps
