/// How fast the sender may send: a policy object, fed with events and asked for a rate.
#pragma once

#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstdint>

namespace fleetcast::protocol {

using receiver_id = std::uint32_t;

/// Bits per second of UDP payload.
using bit_rate = std::uint64_t;

/// New behaviour is a new class, never a new branch in an old one.
class rate_controller {
public:
  virtual ~rate_controller() = default;

  /// A receiver spoke; `rtt` is the round trip that its echo shows.
  virtual void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                           duration rtt)
    = 0;

  /// A receiver joined no more: forget it.
  virtual void on_receiver_gone(timestamp now, receiver_id id) = 0;

  /// The rate to send at from now on; never 0.
  [[nodiscard]] virtual bit_rate rate(timestamp now) const = 0;
};

/// One rate, whatever happens. The window rule and the receivers' requests still hold the sender
/// back; loss does not.
class fixed_rate final : public rate_controller {
public:
  explicit fixed_rate(bit_rate rate) noexcept : rate_(rate == 0 ? 1 : rate) {}

  void on_feedback(timestamp, receiver_id, const wire::feedback&, duration) override {}
  void on_receiver_gone(timestamp, receiver_id) override {}
  bit_rate rate(timestamp) const override { return rate_; }

private:
  bit_rate rate_;
};

} // namespace fleetcast::protocol
