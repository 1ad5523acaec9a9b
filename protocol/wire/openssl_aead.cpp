#include "protocol/wire/openssl_aead.hpp"

#include <openssl/evp.h>

#include <cassert>
#include <stdexcept>

namespace fleetcast::protocol::wire {

namespace {

const unsigned char* raw(const std::byte* data) noexcept {
  return reinterpret_cast<const unsigned char*>(data);
}

unsigned char* raw(std::byte* data) noexcept {
  return reinterpret_cast<unsigned char*>(data);
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

class openssl_aead final : public aead {
public:
  openssl_aead(const EVP_CIPHER* cipher, key secret) : context_(EVP_CIPHER_CTX_new()) {
    // The key is scheduled once here; each datagram sets only its nonce.
    if (!context_
        || EVP_CipherInit_ex(context_.get(), cipher, nullptr, raw(secret.data()), nullptr,
                             encrypting)
             != 1)
      throw std::runtime_error{"OpenSSL cannot set up the cipher that seals datagrams"};
  }

  void seal(nonce number, bytes associated, bytes plain, std::byte* out) override {
    auto* tag = out + plain.size();
    int length = 0;
    if (!begin(number, encrypting) || !add(associated, nullptr) || !add(plain, out)
        || EVP_CipherFinal_ex(context_.get(), raw(tag), &length) != 1
        || EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, tag) != 1)
      throw std::runtime_error{"OpenSSL failed to seal a datagram"};
  }

  bool open(nonce number, bytes associated, bytes sealed, std::byte* out) override {
    assert(sealed.size() >= tag_size);
    const auto body = sealed.first(sealed.size() - tag_size);
    // The control call takes a pointer to non-const but only reads the tag.
    auto* tag = const_cast<std::byte*>(sealed.data() + body.size());
    unsigned char nothing = 0;
    int length = 0;
    return begin(number, decrypting)
           && EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag) == 1
           && add(associated, nullptr) && add(body, out)
           && EVP_CipherFinal_ex(context_.get(), &nothing, &length) == 1;
  }

private:
  struct deleter {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  };

  bool begin(nonce number, int direction) {
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, raw(number.data()),
                             direction)
           == 1;
  }

  /// Without `out`: associated data.
  bool add(bytes in, std::byte* out) {
    int length = 0;
    return in.empty()
           || EVP_CipherUpdate(context_.get(), raw(out), &length, raw(in.data()),
                               static_cast<int>(in.size()))
                == 1;
  }

  std::unique_ptr<EVP_CIPHER_CTX, deleter> context_;
};

} // namespace

std::unique_ptr<aead> make_openssl_aead(seal_suite suite, aead::key key) {
  if (const auto* cipher = cipher_of(suite))
    return std::make_unique<openssl_aead>(cipher, key);
  return nullptr;
}

} // namespace fleetcast::protocol::wire
