/// Sealing and opening of datagrams: AEAD by OpenSSL, one key per direction.
///
/// The nonce is the direction's salt with the lane XORed into its first two bytes and the packet
/// number into its last eight (the construction of TLS 1.3, RFC 8446 section 5.3), so a packet
/// number must never be used twice with one key and lane. The header is associated data.
///
/// Not thread safe: one object per thread or actor.
#pragma once

#include "protocol/wire/datagram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct evp_cipher_ctx_st;

namespace fleetcast::protocol::wire {

/// Values are those of the schema's `Suite`.
enum class seal_suite : std::uint16_t {
  none = 0, ///< nothing sealed: simulations only
  chacha20_poly1305 = 1,
  aes_256_gcm = 2,
};

constexpr std::size_t key_size = 32;
constexpr std::size_t salt_size = 12;

/// Bytes that sealing adds to a datagram of any suite but `none`.
constexpr std::size_t max_seal_size = 16;

/// Secret of one direction.
struct direction_key {
  std::array<std::byte, key_size> key{};
  std::array<std::byte, salt_size> salt{};
};

/// Bytes that `suite` adds to a datagram.
constexpr std::size_t seal_size(seal_suite suite) noexcept {
  return suite == seal_suite::none ? 0 : max_seal_size;
}

struct cipher_deleter {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};

class sealer {
public:
  /// Throws std::runtime_error when OpenSSL lacks the suite: a defect of the installation.
  sealer(seal_suite suite, const direction_key& key);

  std::size_t overhead() const noexcept { return seal_size(suite_); }

  /// Writes header, sealed payload and seal to `out`, which holds at least
  /// header_size + payload + overhead() bytes. Returns the datagram's size. `h.payload_size` is taken
  /// from `payload`.
  std::size_t seal(header h, std::span<const std::byte> payload, std::span<std::byte> out);

private:
  seal_suite suite_;
  std::array<std::byte, salt_size> salt_;
  std::unique_ptr<evp_cipher_ctx_st, cipher_deleter> context_;
};

class opener {
public:
  opener(seal_suite suite, const direction_key& key);

  std::size_t overhead() const noexcept { return seal_size(suite_); }

  /// Opens the payload of `datagram`, whose header decoded to `h`, into `out` (at least
  /// `h.payload_size` bytes). On false `out` holds nothing of meaning: the seal did not fit.
  [[nodiscard]] bool open(const header& h, std::span<const std::byte> datagram,
                          std::span<std::byte> out);

private:
  seal_suite suite_;
  std::array<std::byte, salt_size> salt_;
  std::unique_ptr<evp_cipher_ctx_st, cipher_deleter> context_;
};

} // namespace fleetcast::protocol::wire
