/// What systemd likes to know of a service; without it nothing happens.
#pragma once

#include <chrono>
#include <string>

namespace fleetcast::apps {

/// Ready to serve; `status` is what `systemctl status` shows.
void tell_ready(const std::string& status);

/// Between these two a reload takes place; `status` as above.
void tell_reloading();
void tell_reloaded(const std::string& status);

void tell_stopping();

/// For its watchdog: this process does what it is there for.
void tell_alive();

/// How often it has to hear that, at least; zero: it does not ask.
std::chrono::microseconds watchdog_interval();

} // namespace fleetcast::apps
