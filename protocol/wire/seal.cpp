#include "protocol/wire/seal.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <cstring>
#include <stdexcept>

namespace fleetcast::protocol::wire {

namespace {

using nonce = std::array<std::byte, salt_size>;

const unsigned char* bytes(const std::byte* data) noexcept {
  return reinterpret_cast<const unsigned char*>(data);
}

unsigned char* bytes(std::byte* data) noexcept {
  return reinterpret_cast<unsigned char*>(data);
}

nonce nonce_of(const header& h, const nonce& salt) noexcept {
  nonce result = salt;
  for (std::size_t i = 0; i < 2; ++i)
    result[i] ^= static_cast<std::byte>(h.lane >> (8 * i));
  for (std::size_t i = 0; i < 8; ++i)
    result[4 + i] ^= static_cast<std::byte>(h.packet_number >> (8 * i));
  return result;
}

const EVP_CIPHER* cipher_of(seal_suite suite) {
  switch (suite) {
    case seal_suite::chacha20_poly1305:
      return EVP_chacha20_poly1305();
    case seal_suite::aes_256_gcm:
      return EVP_aes_256_gcm();
    case seal_suite::none:
      break;
  }
  return nullptr;
}

constexpr int encrypting = 1;
constexpr int decrypting = 0;

std::unique_ptr<evp_cipher_ctx_st, cipher_deleter>
make_context(seal_suite suite, const direction_key& key, int direction) {
  const auto* cipher = cipher_of(suite);
  if (cipher == nullptr)
    return nullptr;
  std::unique_ptr<evp_cipher_ctx_st, cipher_deleter> context{EVP_CIPHER_CTX_new()};
  // The key is scheduled once here; each datagram sets only its nonce.
  if (!context
      || EVP_CipherInit_ex(context.get(), cipher, nullptr, bytes(key.key.data()), nullptr,
                           direction)
           != 1)
    throw std::runtime_error{"OpenSSL cannot set up the cipher that seals datagrams"};
  return context;
}

} // namespace

void cipher_deleter::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

sealer::sealer(seal_suite suite, const direction_key& key)
  : suite_(suite),
    salt_(key.salt),
    context_(make_context(suite, key, encrypting)) {}

std::size_t sealer::seal(header h, std::span<const std::byte> payload, std::span<std::byte> out) {
  assert(out.size() >= header_size + payload.size() + overhead());
  h.payload_size = static_cast<std::uint16_t>(payload.size());
  encode(h, out.first<header_size>());
  auto* body = out.data() + header_size;
  if (suite_ == seal_suite::none) {
    if (!payload.empty())
      std::memcpy(body, payload.data(), payload.size());
    return header_size + payload.size();
  }
  auto* c = context_.get();
  const auto iv = nonce_of(h, salt_);
  int length = 0;
  bool ok = EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, bytes(iv.data()), encrypting) == 1
            && EVP_CipherUpdate(c, nullptr, &length, bytes(out.data()), header_size) == 1;
  if (ok && !payload.empty())
    ok = EVP_CipherUpdate(c, bytes(body), &length, bytes(payload.data()),
                          static_cast<int>(payload.size()))
         == 1;
  auto* tag = body + payload.size();
  ok = ok && EVP_CipherFinal_ex(c, bytes(tag), &length) == 1
       && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, max_seal_size, tag) == 1;
  if (!ok)
    throw std::runtime_error{"OpenSSL failed to seal a datagram"};
  return header_size + payload.size() + max_seal_size;
}

opener::opener(seal_suite suite, const direction_key& key)
  : suite_(suite),
    salt_(key.salt),
    context_(make_context(suite, key, decrypting)) {}

bool opener::open(const header& h, std::span<const std::byte> datagram, std::span<std::byte> out) {
  assert(datagram.size() == header_size + h.payload_size + overhead());
  assert(out.size() >= h.payload_size);
  const auto* body = datagram.data() + header_size;
  if (suite_ == seal_suite::none) {
    if (h.payload_size != 0)
      std::memcpy(out.data(), body, h.payload_size);
    return true;
  }
  auto* c = context_.get();
  const auto iv = nonce_of(h, salt_);
  int length = 0;
  // The control call takes a pointer to non-const but only reads the tag.
  auto* tag = const_cast<std::byte*>(body + h.payload_size);
  bool ok = EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, bytes(iv.data()), decrypting) == 1
            && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, max_seal_size, tag) == 1
            && EVP_CipherUpdate(c, nullptr, &length, bytes(datagram.data()), header_size) == 1;
  if (ok && h.payload_size != 0)
    ok = EVP_CipherUpdate(c, bytes(out.data()), &length, bytes(body), h.payload_size) == 1;
  unsigned char nothing = 0;
  return ok && EVP_CipherFinal_ex(c, &nothing, &length) == 1;
}

} // namespace fleetcast::protocol::wire
