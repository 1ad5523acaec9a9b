#include "protocol/wire/manifest.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace fleetcast::protocol::wire {

namespace {

/// What a signature is for. The terminating zero belongs to it.
constexpr char manifest_purpose[] = "fleetcast manifest v1";

constexpr std::size_t max_signed_size = sizeof(manifest_purpose)
                                        + std::tuple_size_v<transmission_id> + sizeof(block_number)
                                        + defaults::manifest_capacity * sizeof(digest);

/// The bytes that are signed: manifest_purpose, transmission id, first block (little-endian), digests.
class signed_bytes {
public:
  signed_bytes(const manifest& m, const transmission_id& transmission) noexcept {
    append(manifest_purpose, sizeof(manifest_purpose));
    append(transmission.data(), transmission.size());
    for (unsigned shift = 0; shift < 32; shift += 8) {
      const auto byte = static_cast<unsigned char>(m.first_block >> shift);
      append(&byte, 1);
    }
    append(m.digests.data(), m.digests.size() * sizeof(digest));
  }

  const unsigned char* data() const noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return size_; }

private:
  void append(const void* bytes, std::size_t size) noexcept {
    assert(size_ + size <= bytes_.size());
    std::memcpy(bytes_.data() + size_, bytes, size);
    size_ += size;
  }

  std::array<unsigned char, max_signed_size> bytes_;
  std::size_t size_ = 0;
};

bool has_legal_size(const manifest& m) noexcept {
  return !m.digests.empty() && m.digests.size() <= defaults::manifest_capacity;
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
  assert(private_key != nullptr);
  EVP_PKEY_up_ref(private_key);
}

void manifest_signer::sign(manifest& m) const {
  assert(has_legal_size(m));
  const signed_bytes message{m, transmission_};
  const context_ptr context{EVP_MD_CTX_new()};
  auto size = m.signed_by.size();
  auto* out = reinterpret_cast<unsigned char*>(m.signed_by.data());
  // Ed25519 hashes by itself: no digest algorithm is named.
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1
      || EVP_DigestSign(context.get(), out, &size, message.data(), message.size()) != 1)
    throw std::runtime_error{"OpenSSL cannot sign a manifest with the server's identity"};
}

manifest_verifier::manifest_verifier(const public_key& key, const transmission_id& transmission)
  : key_(EVP_PKEY_new_raw_public_key(
    EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(key.data()), key.size())),
    transmission_(transmission) {}

bool manifest_verifier::verify(const manifest& m) const {
  if (!key_ || !has_legal_size(m))
    return false;
  const signed_bytes message{m, transmission_};
  const context_ptr context{EVP_MD_CTX_new()};
  const auto* seal = reinterpret_cast<const unsigned char*>(m.signed_by.data());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1
         && EVP_DigestVerify(context.get(), seal, m.signed_by.size(), message.data(),
                             message.size())
              == 1;
}

} // namespace fleetcast::protocol::wire
