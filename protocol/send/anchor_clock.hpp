/// When the sender signs a heartbeat once more: an anchor for receivers in whose group somebody forges.
///
/// By time, by packet numbers, and for each pass: between two anchors a receiver has to believe what anybody says.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

class anchor_clock {
public:
  /// Somebody joined who knows nothing yet.
  void hasten() noexcept { is_hastened_ = true; }

  /// `packet`: the next number. `is_critical`: what is sent next depends on heartbeats.
  bool is_due(timestamp now, std::uint64_t packet, std::uint32_t pass,
              bool is_critical) const noexcept {
    if (!signed_at_)
      return true;
    const auto since = now - *signed_at_;
    return pass != pass_ || packet - packet_ >= defaults::packets_per_anchor
           || since >= defaults::anchor_interval
           || ((is_critical || is_hastened_) && since >= defaults::short_anchor_interval);
  }

  void on_signed(timestamp now, std::uint64_t packet, std::uint32_t pass) noexcept {
    signed_at_ = now;
    packet_ = packet;
    pass_ = pass;
    is_hastened_ = false;
  }

private:
  std::optional<timestamp> signed_at_; ///< none: not yet
  std::uint64_t packet_ = 0;
  std::uint32_t pass_ = 0;
  bool is_hastened_ = false;
};

} // namespace fleetcast::protocol
