#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/ipsec_mb.hpp"
#include "protocol/wire/seal.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::protocol::wire {
namespace seal_test {
namespace {

using bytes = std::vector<std::byte>;

direction_key sample_key() {
  direction_key key;
  key.key = samples::counting(key.key, 0x20);
  key.salt = samples::counting(key.salt, 0x40);
  return key;
}

header sample_header() {
  return {datagram_type::source, 0x0102, 0xdeadbeef, 0x0807060504030201, 7, 3, 0};
}

bytes payload_of(std::size_t size) {
  return samples::counting(bytes(size), 5);
}

/// A suite, and who does the work.
struct way {
  seal_suite suite;
  crypto_library library = crypto_library::fastest;
};

std::string name_of(const testing::TestParamInfo<way>& each) {
  const std::string suite = each.param.suite == seal_suite::none                ? "None"
                            : each.param.suite == seal_suite::chacha20_poly1305 ? "ChaCha20Poly1305"
                                                                                : "Aes256Gcm";
  return suite + (each.param.library == crypto_library::openssl ? "ByOpenSsl" : "");
}

constexpr way chacha20_poly1305{seal_suite::chacha20_poly1305};
constexpr way aes_256_gcm{seal_suite::aes_256_gcm};
constexpr way aes_256_gcm_by_openssl{seal_suite::aes_256_gcm, crypto_library::openssl};

sealer sealer_of(way how, const direction_key& key = sample_key()) {
  return {how.suite, key, how.library};
}

opener opener_of(way how, const direction_key& key = sample_key()) {
  return {how.suite, key, how.library};
}

bytes sealed(way how, const header& h, const bytes& payload,
             const direction_key& key = sample_key()) {
  auto s = sealer_of(how, key);
  bytes out(header_size + payload.size() + s.overhead());
  EXPECT_EQ(s.seal(h, payload, out), out.size());
  return out;
}

/// The payload, or nothing when header or seal do not fit.
std::optional<bytes> opened(opener& o, const bytes& datagram) {
  const auto h = decode(datagram, o.overhead());
  if (!h)
    return std::nullopt;
  bytes out(h->payload_size);
  if (!o.open(*h, datagram, out))
    return std::nullopt;
  return out;
}

class Seal : public testing::TestWithParam<way> {};

TEST_P(Seal, OpensWhatItSealed) {
  auto o = opener_of(GetParam());
  for (const std::size_t size : {0, 1, 15, 16, 17, 1408, 8896}) {
    const auto payload = payload_of(size);
    EXPECT_EQ(opened(o, sealed(GetParam(), sample_header(), payload)), payload) << size;
  }
}

TEST_P(Seal, TakesThePayloadSizeFromThePayload) {
  auto h = sample_header();
  h.payload_size = 999;
  const auto datagram = sealed(GetParam(), h, payload_of(33));
  const auto read = decode(datagram, seal_size(GetParam().suite));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->payload_size, 33);
}

TEST_P(Seal, OneObjectSealsAndOpensManyInAnyOrder) {
  auto s = sealer_of(GetParam());
  auto o = opener_of(GetParam());
  std::vector<bytes> datagrams;
  for (std::uint64_t packet = 0; packet < 20; ++packet) {
    auto h = sample_header();
    h.packet_number = packet;
    bytes out(header_size + 100 + s.overhead());
    s.seal(h, payload_of(100), out);
    datagrams.push_back(std::move(out));
  }
  for (auto i = datagrams.rbegin(); i != datagrams.rend(); ++i)
    EXPECT_EQ(opened(o, *i), payload_of(100));
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Seal,
                         testing::Values(way{seal_suite::none}, chacha20_poly1305, aes_256_gcm,
                                         aes_256_gcm_by_openssl),
                         name_of);

class Aead : public testing::TestWithParam<way> {
protected:
  bool opens(const bytes& datagram, const direction_key& key = sample_key()) {
    auto o = opener_of(GetParam(), key);
    return opened(o, datagram).has_value();
  }
};

TEST_P(Aead, NoBitMayChange) {
  auto o = opener_of(GetParam());
  const auto good = sealed(GetParam(), sample_header(), payload_of(40));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(opened(o, bad)) << "bit " << bit;
  }
  // A refusal leaves nothing behind that spoils the next one.
  EXPECT_EQ(opened(o, good), payload_of(40));
}

TEST_P(Aead, AnotherKeyOrSaltDoesNotOpen) {
  const auto good = sealed(GetParam(), sample_header(), payload_of(40));
  auto key = sample_key();
  key.key[31] ^= std::byte{1};
  EXPECT_FALSE(opens(good, key));
  for (std::size_t i = 0; i < salt_size; ++i) {
    auto salt = sample_key();
    salt.salt[i] ^= std::byte{1};
    EXPECT_FALSE(opens(good, salt)) << "salt byte " << i;
  }
}

TEST_P(Aead, ThePayloadIsNotInTheClear) {
  const auto payload = payload_of(64);
  const auto datagram = sealed(GetParam(), sample_header(), payload);
  EXPECT_EQ(std::search(datagram.begin(), datagram.end(), payload.begin(), payload.begin() + 8),
            datagram.end());
}

TEST_P(Aead, LaneAndPacketNumberMakeTheNonce) {
  const auto first = sealed(GetParam(), sample_header(), bytes(32));
  auto other_lane = sample_header();
  other_lane.lane ^= 1;
  auto other_packet = sample_header();
  other_packet.packet_number ^= std::uint64_t{1} << 63;
  for (const auto& h : {other_lane, other_packet}) {
    const auto second = sealed(GetParam(), h, bytes(32));
    // The same zeros under another nonce are other bytes.
    EXPECT_FALSE(std::equal(first.begin() + header_size, first.begin() + header_size + 32,
                            second.begin() + header_size));
  }
}

TEST_P(Aead, MatchesTheDocumentedConstruction) {
  const auto payload = payload_of(50);
  const auto datagram = sealed(GetParam(), sample_header(), payload);
  // salt 40 41 … 4b; lane 0x0102 into bytes 0-1, packet 0x0807060504030201 into bytes 4-11.
  const unsigned char nonce[]
    = {0x40 ^ 0x02, 0x41 ^ 0x01, 0x42,        0x43,        0x44 ^ 0x01, 0x45 ^ 0x02,
       0x46 ^ 0x03, 0x47 ^ 0x04, 0x48 ^ 0x05, 0x49 ^ 0x06, 0x4a ^ 0x07, 0x4b ^ 0x08};
  const auto* cipher
    = GetParam().suite == seal_suite::aes_256_gcm ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
  const auto key = sample_key();
  const auto* in = reinterpret_cast<const unsigned char*>(datagram.data());
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> c{EVP_CIPHER_CTX_new(),
                                                                    EVP_CIPHER_CTX_free};
  bytes out(payload.size());
  auto tag = bytes(datagram.end() - max_seal_size, datagram.end());
  int length = 0;
  ASSERT_EQ(EVP_DecryptInit_ex(c.get(), cipher, nullptr,
                               reinterpret_cast<const unsigned char*>(key.key.data()), nonce),
            1);
  ASSERT_EQ(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_AEAD_SET_TAG, max_seal_size, tag.data()), 1);
  ASSERT_EQ(EVP_DecryptUpdate(c.get(), nullptr, &length, in, header_size), 1);
  ASSERT_EQ(EVP_DecryptUpdate(c.get(), reinterpret_cast<unsigned char*>(out.data()), &length,
                              in + header_size, static_cast<int>(payload.size())),
            1);
  unsigned char rest = 0;
  EXPECT_EQ(EVP_DecryptFinal_ex(c.get(), &rest, &length), 1);
  EXPECT_EQ(out, payload);
}

/// OpenSSL's error queue is the thread's: TLS on it would take what is left there for its own.
TEST_P(Aead, ARefusalLeavesNoErrorForOthersOnTheThread) {
  ERR_clear_error();
  auto bad = sealed(GetParam(), sample_header(), payload_of(40));
  bad.back() ^= std::byte{1};
  EXPECT_FALSE(opens(bad));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Aead,
                         testing::Values(chacha20_poly1305, aes_256_gcm, aes_256_gcm_by_openssl),
                         name_of);

TEST(Libraries, SealTheSameBytesAndOpenOneAnothers) {
  for (std::size_t size = 0; size <= 1408; size += size < 300 ? 1 : 37) {
    const auto payload = payload_of(size);
    const auto fast = sealed(aes_256_gcm, sample_header(), payload);
    ASSERT_EQ(fast, sealed(aes_256_gcm_by_openssl, sample_header(), payload)) << size;
    for (const auto how : {aes_256_gcm, aes_256_gcm_by_openssl}) {
      auto o = opener_of(how);
      ASSERT_EQ(opened(o, fast), payload) << size;
    }
  }
}

#if defined(__x86_64__)
TEST(Libraries, TheFastOneIsUsedWhereTheProcessorHasAes) {
  if (!__builtin_cpu_supports("aes") || !__builtin_cpu_supports("pclmul"))
    GTEST_SKIP() << "this processor has no AES";
  EXPECT_NE(ipsec_mb::make_aes_256_gcm(sample_key().key), nullptr);
  std::array<digest, 2> digests{};
  EXPECT_TRUE(ipsec_mb::sha256(payload_of(40), 20, digests));
}
#endif

} // namespace
} // namespace seal_test
} // namespace fleetcast::protocol::wire
