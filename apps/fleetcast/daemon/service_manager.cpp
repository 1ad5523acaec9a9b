#include "apps/fleetcast/agent/service_manager.hpp"

#include <systemd/sd-daemon.h>

namespace fleetcast::apps {

void tell_ready(const std::string& status) {
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
}

void tell_stopping() {
  sd_notify(0, "STOPPING=1");
}

} // namespace fleetcast::apps
