#include "protocol/wire/manifest.hpp"

#include "protocol/require.hpp"

#include <openssl/evp.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace fleetcast::protocol::wire {

namespace {

/// What a signature is for. The terminating zero belongs to it.
constexpr char manifest_purpose[] = "fleetcast manifest v1";
constexpr char anchor_purpose[] = "fleetcast anchor v1";

constexpr std::size_t max_signed_size = sizeof(manifest_purpose)
                                        + std::tuple_size_v<transmission_id> + sizeof(std::uint64_t)
                                        + defaults::symbol_size;

/// The bytes that are signed: purpose, transmission id, and what is the message's own.
class signed_bytes {
public:
  /// First block (little-endian), digests.
  signed_bytes(const manifest& m, const transmission_id& transmission) noexcept {
    append(manifest_purpose, sizeof(manifest_purpose));
    append(transmission.data(), transmission.size());
    append_number(m.first_block);
    append(m.digests.data(), m.digests.size() * sizeof(digest));
  }

  /// Packet number (little-endian), heartbeat.
  signed_bytes(const anchor& a, const transmission_id& transmission) noexcept {
    append(anchor_purpose, sizeof(anchor_purpose));
    append(transmission.data(), transmission.size());
    append_number(a.packet);
    append(a.beat.data(), a.beat.size());
  }

  std::span<const unsigned char> all() const noexcept { return {bytes_.data(), size_}; }

private:
  template <class Number>
  void append_number(Number number) {
    for (unsigned shift = 0; shift < 8 * sizeof number; shift += 8) {
      const auto byte = static_cast<unsigned char>(number >> shift);
      append(&byte, 1);
    }
  }

  void append(const void* bytes, std::size_t size) {
    ENSURE(size_ + size <= bytes_.size(), size_, size);
    std::memcpy(bytes_.data() + size_, bytes, size);
    size_ += size;
  }

  std::array<unsigned char, max_signed_size> bytes_;
  std::size_t size_ = 0;
};

bool has_legal_size(const manifest& m) noexcept {
  return !m.digests.empty() && m.digests.size() <= defaults::manifest_capacity;
}

bool has_legal_size(const anchor& a) noexcept {
  return !a.beat.empty() && a.beat.size() <= defaults::symbol_size;
}

struct context_deleter {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

using context_ptr = std::unique_ptr<EVP_MD_CTX, context_deleter>;

} // namespace

void pkey_deleter::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

manifest_signer::manifest_signer(evp_pkey_st* private_key, const transmission_id& transmission)
  : key_(private_key),
    transmission_(transmission) {
  REQUIRE(private_key != nullptr);
  EVP_PKEY_up_ref(private_key);
}

void manifest_signer::sign(manifest& m) const {
  REQUIRE(has_legal_size(m), m.digests.size());
  m.signed_by = sign(signed_bytes{m, transmission_}.all());
}

void manifest_signer::sign(anchor& a) const {
  REQUIRE(has_legal_size(a), a.beat.size());
  a.signed_by = sign(signed_bytes{a, transmission_}.all());
}

signature manifest_signer::sign(std::span<const unsigned char> message) const {
  const context_ptr context{EVP_MD_CTX_new()};
  signature result{};
  auto size = result.size();
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  // Ed25519 hashes by itself: no digest algorithm is named.
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1
      || EVP_DigestSign(context.get(), out, &size, message.data(), message.size()) != 1)
    throw std::runtime_error{"OpenSSL cannot sign with the server's identity"};
  return result;
}

manifest_verifier::manifest_verifier(const public_key& key, const transmission_id& transmission)
  : key_(EVP_PKEY_new_raw_public_key(
    EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(key.data()), key.size())),
    transmission_(transmission) {}

bool manifest_verifier::verify(const manifest& m) const {
  return has_legal_size(m) && verify(signed_bytes{m, transmission_}.all(), m.signed_by);
}

bool manifest_verifier::verify(const anchor& a) const {
  return has_legal_size(a) && verify(signed_bytes{a, transmission_}.all(), a.signed_by);
}

bool manifest_verifier::verify(std::span<const unsigned char> message,
                               const signature& signed_by) const {
  if (!key_)
    return false;
  const context_ptr context{EVP_MD_CTX_new()};
  const auto* seal = reinterpret_cast<const unsigned char*>(signed_by.data());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1
         && EVP_DigestVerify(context.get(), seal, signed_by.size(), message.data(), message.size())
              == 1;
}

} // namespace fleetcast::protocol::wire
