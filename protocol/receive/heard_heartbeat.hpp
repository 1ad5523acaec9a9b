/// The last heartbeat that a receiver took in, and the pace that it sets for what the receiver says.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace fleetcast::protocol {

/// Empty until one came. What a sender says of the pace is kept within the bounds of defaults.hpp.
class heard_heartbeat {
public:
  void take(timestamp now, const wire::heartbeat& message) {
    if (message_)
      gap_ = std::clamp<duration>(now - at_, defaults::heartbeat_interval,
                                  defaults::idle_heartbeat_interval);
    message_ = message;
    at_ = now;
  }

  /// It said another pace than it was taken for; it came when it came.
  void correct(const wire::heartbeat& message) { message_ = message; }

  /// Whether there is one; the next two require it.
  explicit operator bool() const noexcept { return message_.has_value(); }
  const wire::heartbeat& operator*() const noexcept { return *message_; }
  const wire::heartbeat* operator->() const noexcept { return &*message_; }

  /// When it came.
  timestamp at() const noexcept { return at_; }

  /// Between the last two.
  duration gap() const noexcept { return gap_; }

  /// Heartbeats do not reach this receiver, or no longer.
  bool is_deaf(timestamp now) const noexcept {
    return !message_ || now - at_ > defaults::deaf_after;
  }

  duration grtt() const noexcept {
    return std::clamp(message_ ? message_->grtt : defaults::initial_grtt, defaults::min_grtt,
                      defaults::max_grtt);
  }

  /// As far as this receiver knows.
  std::size_t group_size() const noexcept { return message_ ? message_->group_size : 1; }

  /// Between two unprompted messages of this receiver.
  duration status_interval() const noexcept {
    const auto asked = message_ ? message_->status_interval : defaults::min_status_interval;
    return std::clamp(asked, defaults::min_status_interval, defaults::max_status_interval);
  }

private:
  std::optional<wire::heartbeat> message_;
  timestamp at_{};
  duration gap_ = defaults::heartbeat_interval;
};

} // namespace fleetcast::protocol
