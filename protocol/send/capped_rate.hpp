/// A rate that another policy finds, below a bound that others set: a share of what all transmissions of a server may
/// send together (rate_budget.hpp).
///
/// Also says what the transmission would take of more, once every `demand_span`: all that its own policy allows while it
/// uses its share up, else little more than it sent. So a transmission that waits for its receivers, or that is paused, leaves
/// its share to others.
#pragma once

#include "protocol/require.hpp"
#include "protocol/send/rate_controller.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace fleetcast::protocol {

class capped_rate final : public rate_controller {
public:
  /// Long enough for batches to even out, short enough that nobody waits for a share that another leaves.
  static constexpr duration demand_span = milliseconds(50);

  capped_rate(std::unique_ptr<rate_controller> own, bit_rate cap)
    : own_(std::move(own)),
      cap_(cap) {
    REQUIRE(own_ != nullptr);
  }

  void cap(bit_rate most) noexcept { cap_ = most; }

  /// At the end of a span; else nothing.
  std::optional<bit_rate> demand(timestamp now);

  void on_receiver_joined(timestamp now, receiver_id id) override;
  void on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) override;
  void on_held_back(timestamp now) override;
  void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                   duration rtt) override;
  void on_receiver_gone(timestamp now, receiver_id id) override;
  [[nodiscard]] bit_rate rate(timestamp now) const override;
  [[nodiscard]] bool searches() const override;
  [[nodiscard]] limiting_factor limited_by() const override;
  [[nodiscard]] std::optional<receiver_id> slowest() const override;

private:
  std::unique_ptr<rate_controller> own_;
  bit_rate cap_;
  bool is_capped_ = false; ///< when the last datagram left
  std::uint64_t span_bytes_ = 0;
  std::optional<timestamp> span_began_at_;
};

} // namespace fleetcast::protocol
