/// Sealing and opening of datagrams: AEAD, one key per direction.
///
/// The nonce is the direction's salt with the lane XORed into its first two bytes and the packet
/// number into its last eight (the construction of TLS 1.3, RFC 8446 section 5.3), so a packet
/// number must never be used twice with one key and lane. The header is associated data.
///
/// Not thread safe: one object per thread or actor.
#pragma once

#include "protocol/wire/aead.hpp"
#include "protocol/wire/crypto_library.hpp"
#include "protocol/wire/datagram.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace fleetcast::protocol::wire {

constexpr std::size_t key_size = aead::key_size;
constexpr std::size_t salt_size = aead::nonce_size;

/// Bytes that sealing adds to a datagram of any suite but `none`.
constexpr std::size_t max_seal_size = aead::tag_size;

/// Secret of one direction.
struct direction_key {
  std::array<std::byte, key_size> key{};
  std::array<std::byte, salt_size> salt{};
};

/// Bytes that `suite` adds to a datagram.
constexpr std::size_t seal_size(seal_suite suite) noexcept {
  return suite == seal_suite::none ? 0 : max_seal_size;
}

class sealer {
public:
  /// Throws std::runtime_error when OpenSSL lacks the suite: a defect of the installation.
  sealer(seal_suite suite, const direction_key& key,
         crypto_library library = crypto_library::fastest);

  std::size_t overhead() const noexcept { return aead_ ? max_seal_size : 0; }

  /// Writes header, sealed payload and seal to `out`, which holds at least
  /// header_size + payload + overhead() bytes. Returns the datagram's size. `h.payload_size` is taken
  /// from `payload`.
  std::size_t seal(header h, std::span<const std::byte> payload, std::span<std::byte> out);

private:
  std::array<std::byte, salt_size> salt_;
  std::unique_ptr<aead> aead_; ///< null: the suite is `none`
};

class opener {
public:
  opener(seal_suite suite, const direction_key& key,
         crypto_library library = crypto_library::fastest);

  std::size_t overhead() const noexcept { return aead_ ? max_seal_size : 0; }

  /// Opens the payload of `datagram`, whose header decoded to `h`, into `out` (at least
  /// `h.payload_size` bytes). On false `out` holds nothing of meaning: the seal did not fit.
  [[nodiscard]] bool open(const header& h, std::span<const std::byte> datagram,
                          std::span<std::byte> out);

private:
  std::array<std::byte, salt_size> salt_;
  std::unique_ptr<aead> aead_;
};

} // namespace fleetcast::protocol::wire
