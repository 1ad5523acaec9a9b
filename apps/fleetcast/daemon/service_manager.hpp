/// What this process tells systemd about itself; does nothing without systemd.
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

/// The longest time between two calls of tell_alive; zero: no watchdog.
std::chrono::microseconds watchdog_interval();

} // namespace fleetcast::apps
