/// A member of the group that harms it: it holds the group key, hears where the sender is, and says what only the
/// sender may say. Nothing but the server's signature is beyond it.
#pragma once

#include "protocol/geometry.hpp"
#include "protocol/position.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"
#include "protocol/wire/seal.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace fleetcast::protocol::simulation {

enum class forgery : std::uint8_t {
  last_packet_number,  ///< 2^64 - 1 and a little less
  near_packet_number,  ///< some thousands ahead
  symbols_to_come,     ///< of the next blocks
  symbols_of_the_end,  ///< of the last blocks: they take memory
  manifests,           ///< with a random signature
  heartbeat_to_come,   ///< sent in the future
  heartbeat_elsewhere, ///< of a pass far ahead
  heartbeat_scheduled, ///< everything will be sent anyway, and repaired
  heartbeat_slow,      ///< a huge group, far away
  anchors,             ///< with a random signature
};

constexpr unsigned forgery_count = 10;

struct forger_options {
  std::vector<forgery> kinds; ///< one of them each time, at random
  duration begin = milliseconds(50);
  duration interval = milliseconds(5);
  bool from_elsewhere = false; ///< its datagrams bear its own address
};

class forger {
public:
  forger(forger_options options, const geometry& layout, wire::seal_suite suite,
         const wire::direction_key& group_key, std::uint32_t session_tag, std::uint64_t seed);

  const forger_options& options() const noexcept { return options_; }

  /// A sealed datagram. `at` and `packet` as the sender's last ones.
  std::vector<std::byte> make(timestamp now, position at, std::uint64_t packet);

private:
  std::vector<std::byte> symbol(block_number block, std::uint64_t packet);
  std::vector<std::byte> control(const wire::message_bytes& body, std::uint64_t packet);
  std::vector<std::byte> seal(wire::header h, std::span<const std::byte> payload);
  wire::heartbeat heartbeat(timestamp now, position at) const;
  void randomize(std::span<std::byte> bytes);

  forger_options options_;
  geometry layout_;
  wire::sealer sealer_;
  std::uint32_t session_tag_;
  std::mt19937_64 random_;
};

} // namespace fleetcast::protocol::simulation
