/// What Intel's multi-buffer crypto library (libIPSec_MB) does for us: AES-256-GCM by vector AES, and SHA-256 of
/// several messages at a time. Both are absent where the library or the processor lacks them; callers
/// then take OpenSSL, which gives the same bytes.
#pragma once

#include "protocol/wire/aead.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace fleetcast::protocol::wire::ipsec_mb {

/// Null: not here.
[[nodiscard]] std::unique_ptr<aead> make_aes_256_gcm(aead::key key);

/// What one call of `sha256` takes as a message, at most: the library counts in 16 bits.
constexpr std::size_t max_message = 65'534;

/// Cuts `data` into messages of `size` bytes (1 … max_message), the last one perhaps shorter, and writes the
/// SHA-256 of each to `digests`, which has room for exactly as many. False: not here, and `digests` holds nothing of meaning.
[[nodiscard]] bool sha256(std::span<const std::byte> data, std::size_t size,
                          std::span<std::array<std::byte, 32>> digests);

} // namespace fleetcast::protocol::wire::ipsec_mb
