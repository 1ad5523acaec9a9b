/// How fast the sender may send: a policy object, fed with events and asked for a rate.
#pragma once

#include "protocol/limiting_factor.hpp"
#include "protocol/send/bit_rate.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

using receiver_id = std::uint32_t;

/// New behaviour is a new class, never a new branch in an old one.
class rate_controller {
public:
  virtual ~rate_controller() = default;

  /// A receiver has joined; it will speak.
  virtual void on_receiver_joined(timestamp now, receiver_id id);

  /// Datagram `packet`, one more than the last, left with `bytes` of UDP payload.
  virtual void on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) = 0;

  /// There was leave to send and nothing that may be sent: the window's edge, or content not read yet. What
  /// is measured meanwhile says little of the path.
  virtual void on_held_back(timestamp now) = 0;

  /// A receiver spoke; `rtt` is the round trip that its echo shows.
  virtual void on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                           duration rtt)
    = 0;

  /// A receiver has left: forget it.
  virtual void on_receiver_gone(timestamp now, receiver_id id) = 0;

  /// The rate to send at from now on; never 0.
  [[nodiscard]] virtual bit_rate rate(timestamp now) const = 0;

  /// It is still looking for the rate, and the sooner receivers report, the sooner it ends.
  [[nodiscard]] virtual bool searches() const { return false; }

  /// Why it is no higher.
  [[nodiscard]] virtual limiting_factor limited_by() const = 0;

  /// Whose path the rate follows, if it is clearly one receiver's.
  [[nodiscard]] virtual std::optional<receiver_id> slowest() const = 0;
};

inline void rate_controller::on_receiver_joined(timestamp, receiver_id) {}

} // namespace fleetcast::protocol
