#include "apps/fleetcast/daemon/service_manager.hpp"

#include <cstdint>
#include <ctime>

#include <systemd/sd-daemon.h>

namespace fleetcast::apps {

void tell_ready(const std::string& status) {
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
}

void tell_reloading() {
  // From version 253 on it wants to know when, so as to tell this reload from an earlier one.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto micros = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000
                      + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", static_cast<unsigned long long>(micros));
}

void tell_reloaded(const std::string& status) {
  tell_ready(status);
}

void tell_stopping() {
  sd_notify(0, "STOPPING=1");
}

void tell_alive() {
  sd_notify(0, "WATCHDOG=1");
}

std::chrono::microseconds watchdog_interval() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0)
    return {};
  return std::chrono::microseconds{micros};
}

} // namespace fleetcast::apps
