#include "protocol/send/transmission_limit.hpp"

namespace fleetcast::protocol {

namespace {

transmission_limit limit_at(timestamp now, std::optional<receiver_id> receiver,
                            const group& receivers, duration status_interval) {
  const auto m = receiver ? receivers.find(*receiver) : receivers.end();
  if (m == receivers.end())
    return {};
  // What it said last is no longer true of it.
  if (receivers.silence(now, *receiver, status_interval))
    return {limiting_factor::silent, receiver};
  const auto own = m->second.last.limited_by;
  // It knows nothing wrong on its side, and is slow: what is between remains.
  const auto nothing_known = own == limiting_factor::unknown || own == limiting_factor::sender;
  return {nothing_known ? limiting_factor::network : own, receiver};
}

} // namespace

transmission_limit find_limit(timestamp now, send_activity activity, const group& receivers,
                              const rate_controller& rate, duration status_interval) {
  switch (activity) {
    case send_activity::content:
      return {limiting_factor::content, std::nullopt};
    case send_activity::busy:
      return {limiting_factor::host, std::nullopt};
    case send_activity::window:
      return limit_at(now, receivers.nearest_limit(), receivers, status_interval);
    case send_activity::drained:
      return limit_at(now, receivers.least_complete(), receivers, status_interval);
    case send_activity::pacing:
      break;
  }
  if (const auto slowest = rate.slowest())
    return limit_at(now, slowest, receivers, status_interval);
  return {rate.limited_by(), std::nullopt};
}

} // namespace fleetcast::protocol
