/// What somebody at a console may ask of a session.
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "protocol/send/rate_controller.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::actors {

/// What somebody at a console may do to a session.
struct cancel_order {
  failure reason;
};

/// Sends one receiver of a transmission away.
struct kick_order {
  protocol::receiver_id receiver = 0;
  failure reason; ///< kicked_fallback or kicked_abort
};

/// A paused transmission sends heartbeats only: nobody leaves it, nothing moves.
struct pause_order {
  bool paused = false;
};

/// From now on at `fixed` bits per second; 0: as fast as the slowest receiver takes it.
struct rate_order {
  protocol::bit_rate fixed = 0;
};

using session_order = std::variant<cancel_order, kick_order, pause_order, rate_order>;

struct order_outcome {
  failure reason;   ///< none: done
  std::string done; ///< what was done
};

/// One receiver, as its sender sees it.
struct receiver_report {
  protocol::receiver_id id = 0;
  std::string host;
  std::string address;
  std::uint32_t completed_blocks = 0;
  std::uint32_t blocks = 0; ///< of the object
  std::uint64_t received_packets = 0;
  std::uint64_t lost_packets = 0;
  std::uint64_t kernel_drops = 0;
  std::uint64_t no_room_drops = 0;
  std::uint32_t free_blocks = 0;
  std::string window_limit;
  protocol::bit_rate rate = 0;       ///< that it takes in
  std::chrono::nanoseconds joined{}; ///< ago
  std::chrono::nanoseconds heard{};  ///< ago
  std::chrono::nanoseconds rtt{};    ///< 0: not measured yet
  std::string limited_by;            ///< as it said last, or "silent"
  std::string feedback;              ///< ADDRESS:PORT that it was told to send feedback to
};

struct receiver_list {
  failure reason; ///< none: here they are
  std::vector<receiver_report> receivers;
};

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::order_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::receiver_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_order)
