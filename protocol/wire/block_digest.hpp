/// The digest by which a block is verified: a tree of SHA-256 of depth two.
///
///     digest = SHA-256("fleetcast block v1" ‖ 0x00 ‖ LE64(size) ‖ SHA-256(leaf 0) ‖ SHA-256(leaf 1) ‖ …)
///
/// A leaf is `digest_leaf` bytes of the block, the last one perhaps fewer; an empty block has none. Leaves are
/// hashed side by side, which is twice as fast as one long message (decision 0012). The size and the prefix
/// keep blocks, leaves and other hashes of the protocol apart.
#pragma once

#include "protocol/wire/crypto_library.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fleetcast::protocol::wire {

using digest = std::array<std::byte, 32>;

/// Bytes of a leaf: eight symbols, so that a full block has 16, what vector units take at a time.
constexpr std::size_t digest_leaf = 11'264;

/// Leaves of a full block.
constexpr std::size_t max_leaves = 16;

/// Throws std::runtime_error when the library fails: a defect of the installation.
[[nodiscard]] digest digest_of(std::span<const std::byte> block,
                               crypto_library library = crypto_library::fastest);

/// Of the leaves of `block`, in order. Throws as above.
[[nodiscard]] std::vector<digest> leaf_digests_of(std::span<const std::byte> block,
                                                  crypto_library library = crypto_library::fastest);

/// The digest of a block of `size` bytes with these leaves: what tells whether a list of them is genuine.
[[nodiscard]] digest digest_of_leaves(std::uint64_t size, std::span<const digest> leaves);

} // namespace fleetcast::protocol::wire
