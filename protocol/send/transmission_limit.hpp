/// What keeps a transmission from going faster, and at whom.
#pragma once

#include "protocol/limiting_factor.hpp"
#include "protocol/send/group.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/send_limit_meter.hpp"
#include "protocol/timestamp.hpp"

#include <optional>

namespace fleetcast::protocol {

/// `receiver`: if it is one receiver's.
struct transmission_limit {
  limiting_factor factor = limiting_factor::unknown;
  std::optional<receiver_id> receiver;

  friend bool operator==(const transmission_limit&, const transmission_limit&) = default;
};

/// What limits a sender that spent its time on `activity`. `status_interval`: as often the receivers were to speak.
[[nodiscard]] transmission_limit find_limit(timestamp now, send_activity activity,
                                            const group& receivers, const rate_controller& rate,
                                            duration status_interval);

} // namespace fleetcast::protocol
