/// How a sender of ours cuts blocks into symbols: by what the network takes in one packet.
///
/// A block always has the same size, so that digests, caches and whatever is kept of blocks mean the same in every
/// network; what differs is how many symbols it is cut into. A receiver takes any shape (geometry.hpp).
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/wire/datagram.hpp"
#include "protocol/wire/seal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol {

struct block_shape {
  std::uint16_t symbol_size = defaults::symbol_size; ///< bytes
  std::uint16_t source_symbols = defaults::source_symbols;

  friend bool operator==(const block_shape&, const block_shape&) = default;
};

/// Largest packets that a sender sends unless its user names an MTU, bytes: hosts of its network may take no more,
/// though its own interface does.
constexpr std::size_t usual_mtu = 1500;

/// Bytes of a full block.
constexpr std::size_t block_size = std::size_t{defaults::symbol_size} * defaults::source_symbols;

/// From small to large: of a network with tunnels, a usual one, and two for jumbo frames. Each is a whole part of
/// a leaf (wire/block_digest.hpp), sixteen of which are a block.
constexpr std::array<std::uint16_t, 4> symbol_sizes{1024, defaults::symbol_size, 2816, 5632};

/// Bytes of the UDP and IP headers that travel before a datagram, without IP options.
constexpr std::size_t lower_headers(bool is_v6) noexcept {
  return is_v6 ? 40 + 8 : 20 + 8;
}

/// Bytes of the IP packets that sealed full symbols travel in.
constexpr std::size_t packet_size(std::uint16_t symbol_size, bool is_v6) noexcept {
  return lower_headers(is_v6) + wire::header_size + symbol_size + wire::max_seal_size;
}

/// With the largest symbols whose packets fit this MTU; with the smallest ones if none do, which then travel in
/// fragments.
constexpr block_shape shape_for(std::size_t mtu, bool is_v6) noexcept {
  auto chosen = symbol_sizes.front();
  for (const auto size : symbol_sizes)
    if (packet_size(size, is_v6) <= mtu)
      chosen = size;
  return {chosen, static_cast<std::uint16_t>(block_size / chosen)};
}

} // namespace fleetcast::protocol
