/// One rate, whatever happens. The window rule and the receivers' requests still hold the sender back; loss
/// does not.
#pragma once

#include "protocol/send/rate_controller.hpp"

namespace fleetcast::protocol {

class fixed_rate final : public rate_controller {
public:
  explicit fixed_rate(bit_rate rate) noexcept : rate_(rate == 0 ? 1 : rate) {}

  void on_sent(timestamp, std::uint64_t, std::size_t) override {}
  void on_held_back(timestamp) override {}
  void on_feedback(timestamp, receiver_id, const wire::feedback&, duration) override {}
  void on_receiver_gone(timestamp, receiver_id) override {}
  bit_rate rate(timestamp) const override { return rate_; }
  limiting_factor limited_by() const override { return limiting_factor::rate; }
  std::optional<receiver_id> slowest() const override { return std::nullopt; }

private:
  bit_rate rate_;
};

} // namespace fleetcast::protocol
