/// The door through which datagrams of receivers reach the sender: checks, opens, decodes, counts.
///
/// Each receiver seals with a key of its own, so nobody speaks for another, and its packet numbers
/// must grow: feedback replaces what the same receiver said before, so a late or replayed one is
/// worthless.
#pragma once

#include "protocol/send/rate_controller.hpp"
#include "protocol/wire/data_messages.hpp"
#include "protocol/wire/seal.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace fleetcast::protocol {

class feedback_gate {
public:
  feedback_gate(std::uint32_t session_tag, std::uint16_t lane, wire::seal_suite suite)
    : session_tag_(session_tag),
      lane_(lane),
      suite_(suite) {}

  void add(receiver_id id, const wire::direction_key& key);
  void remove(receiver_id id) { receivers_.erase(id); }

  struct admitted {
    receiver_id from = 0;
    wire::feedback message;
    std::uint64_t packet = 0; ///< its number
  };

  /// Nothing: dropped and counted.
  [[nodiscard]] std::optional<admitted> admit(std::span<const std::byte> datagram);

  /// For feedback that turned out to name blocks the object does not have.
  void count_out_of_range() noexcept { count(wire::drop_reason::out_of_range); }

  using drop_counters = std::array<std::uint64_t, wire::drop_reason_count>;
  const drop_counters& drops() const noexcept { return drops_; }

private:
  struct peer {
    wire::opener opener;
    std::uint64_t highest_packet = 0;
  };

  void count(wire::drop_reason reason) noexcept { ++drops_[static_cast<std::size_t>(reason)]; }
  std::optional<wire::drop_reason> check(const wire::header& h) const noexcept;

  std::uint32_t session_tag_;
  std::uint16_t lane_;
  wire::seal_suite suite_;
  std::unordered_map<receiver_id, peer> receivers_;
  std::vector<std::byte> scratch_;
  drop_counters drops_{};
};

} // namespace fleetcast::protocol
