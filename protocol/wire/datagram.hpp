/// The fixed header in front of every datagram: 24 bytes, little-endian.
///
///     off size field
///       0    1 version (high 4 bits), type (low 4 bits)
///       1    1 flags (must be 0 in version 1)
///       2    2 lane (low 12 bits), key phase (high 4 bits)
///       4    4 session tag
///       8    8 packet number
///      16    4 source block number; receiver id in datagrams that go up
///      20    2 encoding symbol id; 0 in control datagrams
///      22    2 payload length: bytes between header and seal
///
/// The header travels in the clear and is authenticated with the payload (associated data).
#pragma once

#include "protocol/fec.hpp"
#include "protocol/geometry.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace fleetcast::protocol::wire {

constexpr std::size_t header_size = 24;
constexpr std::uint8_t protocol_version = 1;

enum class datagram_type : std::uint8_t {
  source = 1,  ///< payload: a source symbol
  repair = 2,  ///< payload: a repair symbol
  control = 3, ///< payload: GroupMessage down, Feedback up
};

/// Why a datagram was dropped; the counters of both sides are indexed by it.
enum class drop_reason : std::uint8_t {
  truncated, ///< shorter than header and seal, or than its own payload length says
  oversized, ///< longer than its payload length says
  unknown_version,
  unknown_type,
  wrong_direction, ///< of a type that does not travel this way
  wrong_session,   ///< session tag of another epoch or transmission
  wrong_lane,
  unknown_receiver, ///< feedback from a receiver that is not in the group
  out_of_range,     ///< block, symbol or length beyond the object's geometry
  replayed,
  forged,         ///< the seal does not fit
  malformed,      ///< a control body that does not decode
  duplicate,      ///< a symbol that is already held, or of a block that is complete
  no_room,        ///< no free block to put it in, or a lone repair symbol not worth one
  from_elsewhere, ///< not from an address of the server, and somebody forges
};

constexpr std::size_t drop_reason_count
  = static_cast<std::size_t>(drop_reason::from_elsewhere) + 1; ///< all of them

/// "wrong session", … for counters and logs.
const char* to_string(drop_reason reason) noexcept;

struct header {
  datagram_type type = datagram_type::control;
  std::uint16_t lane = 0;
  std::uint32_t session_tag = 0;
  std::uint64_t packet_number = 0;
  std::uint32_t block = 0; ///< receiver id in datagrams that go up
  std::uint16_t symbol = 0;
  std::uint16_t payload_size = 0;

  friend bool operator==(const header&, const header&) = default;
};

/// Writes `h` to the first `header_size` bytes of `out`.
void encode(const header& h, std::span<std::byte, header_size> out) noexcept;

/// Reads and checks the header of `datagram`, whose size must be exactly header, payload and a seal
/// of `seal_size` bytes.
[[nodiscard]] tl::expected<header, drop_reason> decode(std::span<const std::byte> datagram,
                                                       std::size_t seal_size) noexcept;

} // namespace fleetcast::protocol::wire
