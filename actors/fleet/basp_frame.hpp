/// Frames of BASP, the protocol that CAF 0.17 speaks between two processes: a header of 32 bytes, then a
/// payload. Numbers are big-endian.
///
///     operation 1, zero 2, flags 1, payload length 4, operation data 8, source actor 8, destination actor 8
///
/// Pure, and without CAF: whatever the bytes, reading them costs no memory. docs/protocol.md has the list of
/// frames that the fleet uses.
#pragma once

#include "actors/fleet/basp_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fleetcast::actors::fleet::basp {

constexpr std::size_t header_size = 32;

enum class operation : std::uint8_t {
  server_handshake = 0,
  client_handshake = 1,
  direct = 2,
  routed = 3,
  monitor = 4,
  down = 5,
  heartbeat = 6,
};

/// Flags of a header.
constexpr std::uint8_t named_receiver = 1;
constexpr std::uint8_t select_connection = 2;

/// As a peer sent it; any value is possible.
struct header {
  operation what{};
  std::uint16_t zero = 0;
  std::uint8_t flags = 0;
  std::uint32_t length = 0; ///< of the payload
  std::uint64_t data = 0;
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
};

header read_header(std::span<const std::uint8_t, header_size> bytes) noexcept;

/// "operation 2, flags 1, length 45, data 1000000000000000, source 9, destination 7", for the log.
std::string to_text(const header& head);

/// Of the kind that a fleet's members have: the atom `default`, the process id, and 20 bytes of the host.
bool is_node_id(const node_id& id) noexcept;

constexpr std::size_t random_node_size = 24;

/// An id of that kind made of random bytes.
node_id make_node_id(std::span<const std::uint8_t, random_node_size> random) noexcept;

/// CAF's packing of up to ten characters into a number.
constexpr std::uint64_t atom(const char* text) noexcept {
  std::uint64_t value = 0xF;
  for (; *text != '\0'; ++text) {
    const char c = *text;
    const int code = c >= '0' && c <= '9'   ? c - '0' + 1
                     : c >= 'A' && c <= 'Z' ? c - 'A' + 11
                     : c == '_'             ? 37
                     : c >= 'a' && c <= 'z' ? c - 'a' + 38
                                            : 0;
    value = (value << 6U) | static_cast<std::uint64_t>(code);
  }
  return value;
}

static_assert(atom("SpawnServ") == 278614525059968507);

} // namespace fleetcast::actors::fleet::basp
