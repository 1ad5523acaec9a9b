/// When a certificate of a fleet is to be renewed. No clock in here: the caller says what time it is.
#pragma once

#include "actors/trust/fleet_tls_context.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace fleetcast::actors::fleet {

/// What to say at `now` of a certificate that expires in 30 days or sooner, or has expired; else empty.
[[nodiscard]] std::string renewal_due(std::chrono::sys_seconds expires,
                                      std::chrono::sys_seconds now, link_role role);

/// Says so while a process runs: as soon as it is true, then once a day. To be asked as often as one likes.
class renewal_reminder {
public:
  renewal_reminder(std::chrono::sys_seconds expires, link_role role)
    : expires_(expires),
      role_(role) {}

  /// What to say at `now`; empty: nothing is due, or it was said less than a day ago.
  [[nodiscard]] std::string look(std::chrono::sys_seconds now);

private:
  std::chrono::sys_seconds expires_;
  link_role role_;
  std::optional<std::chrono::sys_seconds> said_at_;
};

} // namespace fleetcast::actors::fleet
