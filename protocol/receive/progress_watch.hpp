/// Notices that a receiver hears its sender and gets nothing of what it lacks.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

/// Hearing is not progress. A receiver stalls when for long nothing came of what it lacks, though it asked again and
/// again and the sender got on. One that waits for what the sender has announced does not ask, and a sender that
/// was paused does not get on: neither is a stall.
///
/// Times are own_time.
class progress_watch {
public:
  /// Since something last came that was lacking.
  struct stall {
    duration time{};
    std::uint64_t sent = 0; ///< packet numbers that the sender has used
    std::uint64_t arrived = 0;
    std::uint32_t requests = 0;
  };

  explicit progress_watch(timestamp now) : since_(now) {}

  /// An authentic datagram.
  void arrived(std::uint64_t packet) noexcept {
    if (highest_ == 0)
      began_at_ = packet;
    highest_ = std::max(highest_, packet);
    ++arrived_;
  }

  /// Something of what was lacking came, or there is a reason of this host why it did not.
  void got_on(timestamp now) noexcept {
    since_ = now;
    began_at_ = highest_;
    arrived_ = 0;
    requests_ = 0;
    moves_ = 0;
  }

  /// A heartbeat showed that symbols were sent since the one before.
  void sender_moved() noexcept { ++moves_; }

  void asked() noexcept { ++requests_; }

  std::optional<stall> find(timestamp now) const {
    if (now - since_ < defaults::stalled_after || requests_ < defaults::stalled_requests
        || moves_ < defaults::stalled_moves)
      return std::nullopt;
    return stall{now - since_, highest_ - began_at_, arrived_, requests_};
  }

private:
  timestamp since_;
  std::uint64_t highest_ = 0;
  std::uint64_t began_at_ = 0; ///< the highest packet number then
  std::uint64_t arrived_ = 0;
  std::uint32_t requests_ = 0;
  unsigned moves_ = 0;
};

} // namespace fleetcast::protocol
