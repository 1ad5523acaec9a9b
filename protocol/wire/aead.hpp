/// Authenticated encryption with associated data (RFC 5116), under one key, whichever library does it: OpenSSL
/// (openssl_aead.hpp) or Intel's (ipsec_mb.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fleetcast::protocol::wire {

/// Values are those of the schema's `Suite`.
enum class seal_suite : std::uint16_t {
  none = 0, ///< nothing sealed: simulations, and servers told so
  chacha20_poly1305 = 1,
  aes_256_gcm = 2,
};

class aead {
public:
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t nonce_size = 12;
  static constexpr std::size_t tag_size = 16;

  using key = std::span<const std::byte, key_size>;
  using nonce = std::span<const std::byte, nonce_size>;
  using bytes = std::span<const std::byte>;

  virtual ~aead() = default;

  /// Writes as many bytes as `plain` has to `out`, and the tag behind them. Not in place. Throws
  /// std::runtime_error when the library fails: a defect of the installation.
  virtual void seal(nonce number, bytes associated, bytes plain, std::byte* out) = 0;

  /// The reverse: `sealed` ends with the tag (so it has tag_size bytes at least), `out` gets the rest. False when the tag does not fit; then `out`
  /// holds nothing of meaning.
  [[nodiscard]] virtual bool open(nonce number, bytes associated, bytes sealed, std::byte* out) = 0;
};

} // namespace fleetcast::protocol::wire
