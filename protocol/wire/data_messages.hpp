/// Bodies of the data plane's control datagrams as plain values. Encoding: data_codec.hpp; meaning of each
/// field: fleetcast.capnp.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/geometry.hpp"
#include "protocol/limiting_factor.hpp"
#include "protocol/position.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/block_digest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

namespace fleetcast::protocol::wire {

/// Blocks [first, first + count).
struct block_range {
  block_number first = 0;
  std::uint32_t count = 0;

  /// Has blocks, and a number for each.
  constexpr bool is_legal() const noexcept {
    return count > 0 && std::uint64_t{first} + count <= std::numeric_limits<block_number>::max();
  }

  friend bool operator==(const block_range&, const block_range&) = default;
};

struct block_repair {
  block_number block = 0;
  std::uint16_t symbols = 0;

  friend bool operator==(const block_repair&, const block_repair&) = default;
};

constexpr std::size_t max_scheduled_ranges = 32;
constexpr std::size_t max_announced_repairs = 64;
constexpr std::size_t max_manifest_ranges = 8;

struct heartbeat {
  std::uint64_t sent_at = 0; ///< nanoseconds of the sender's clock
  position next;             ///< the block being sent, or the next one to start
  position edge;             ///< it means to start blocks before this
  duration grtt{};           ///< whole microseconds
  std::uint32_t group_size = 0;
  duration status_interval{}; ///< whole microseconds
  std::vector<block_range> scheduled;
  std::vector<block_repair> repairing;
  bool scheduled_all = true;

  friend bool operator==(const heartbeat&, const heartbeat&) = default;
};

using signature = std::array<std::byte, 64>;

struct manifest {
  block_number first_block = 0;
  std::vector<digest> digests; ///< 1 to defaults::manifest_capacity
  protocol::wire::signature signed_by{};

  friend bool operator==(const manifest&, const manifest&) = default;
};

/// A heartbeat that the server signed.
struct anchor {
  std::vector<std::byte> beat; ///< the encoded heartbeat: the bytes that are signed
  std::uint64_t packet = 0;    ///< the highest packet number used before
  signature signed_by{};

  friend bool operator==(const anchor&, const anchor&) = default;
};

struct feedback {
  std::uint64_t echo_sent_at = 0; ///< 0: no heartbeat heard yet
  duration echo_held{};
  std::uint64_t highest_packet = 0;
  std::uint64_t received_packets = 0;
  std::uint32_t received_control = 0; ///< of these; 0 though a heartbeat is echoed: it does not say
  std::uint64_t lost_packets = 0;
  position limit;
  std::uint32_t free_blocks = 0;
  std::uint32_t completed_blocks = 0;
  std::uint64_t dropped_no_room = 0;
  std::uint64_t dropped_by_kernel = 0;
  limiting_factor limited_by = limiting_factor::unknown; ///< what a receiver can say of itself
  std::vector<block_repair> repairs;
  std::vector<block_range> wanted;
  std::vector<block_range> manifests;

  friend bool operator==(const feedback&, const feedback&) = default;
};

using group_message = std::variant<heartbeat, manifest, anchor>;

/// An encoded message, of either plane.
using message_bytes = std::vector<std::byte>;

} // namespace fleetcast::protocol::wire
