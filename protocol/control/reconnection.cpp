#include "protocol/control/reconnection.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>

namespace fleetcast::protocol::control {

bool may_pass(failure_code code) noexcept {
  switch (code) {
    case failure_code::server_busy: // it starts again, and so do all others
    case failure_code::name_unresolved:
    case failure_code::connection_refused:
    case failure_code::network_unreachable:
    case failure_code::host_unreachable:
    case failure_code::connect_timeout:
    case failure_code::connection_lost:
    case failure_code::sender_silent:
    case failure_code::transmission_ended: // a server that stops says so
    case failure_code::network_fault:      // an interface that is gone
      return true;
    default:
      return false;
  }
}

std::optional<timestamp> reconnection::on_lost(timestamp now, std::uint64_t blocks) {
  if (!deadline_ || blocks > blocks_) {
    deadline_ = now + patience_;
    blocks_ = blocks;
  }
  if (now >= *deadline_)
    return std::nullopt;
  if (!waiting_since_)
    waiting_since_ = now;
  return std::min(now + pause(now), *deadline_);
}

duration reconnection::on_back(timestamp now) noexcept {
  ++count_;
  const auto since = waiting_since_.value_or(now);
  waiting_since_.reset();
  return now - since;
}

duration reconnection::left(timestamp now) const noexcept {
  return waiting_since_ ? std::max(*deadline_ - now, duration{0}) : duration{0};
}

duration reconnection::pause(timestamp now) {
  constexpr int share = 8;
  const auto longest = std::clamp((now - *waiting_since_) / share, defaults::min_reconnect_pause,
                                  defaults::max_reconnect_pause);
  return duration{std::uniform_int_distribution<duration::rep>{0, longest.count()}(random_)};
}

} // namespace fleetcast::protocol::control
