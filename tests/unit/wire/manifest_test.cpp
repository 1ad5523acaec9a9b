#include "protocol/require.hpp"
#include "protocol/wire/manifest.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string>

namespace fleetcast::protocol::wire {
namespace manifest_test {
namespace {

using pkey_ptr = std::unique_ptr<evp_pkey_st, pkey_deleter>;

/// An identity made of 32 equal bytes.
pkey_ptr private_key(unsigned char seed = 7) {
  const std::array<unsigned char, 32> raw = [&] {
    std::array<unsigned char, 32> bytes;
    bytes.fill(seed);
    return bytes;
  }();
  return pkey_ptr{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size())};
}

public_key public_key_of(evp_pkey_st* key) {
  public_key raw;
  auto size = raw.size();
  EXPECT_EQ(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size),
            1);
  return raw;
}

class Manifest : public testing::Test {
protected:
  manifest signed_sample() const {
    auto m = samples::sample_manifest();
    signer_.sign(m);
    return m;
  }

  transmission_id transmission_ = samples::counting(transmission_id{}, 0x10);
  pkey_ptr key_ = private_key();
  manifest_signer signer_{key_.get(), transmission_};
  manifest_verifier verifier_{public_key_of(key_.get()), transmission_};
};

TEST_F(Manifest, OfAnyLegalSizeIsAcceptedOnceSigned) {
  for (std::size_t count = 1; count <= defaults::manifest_capacity; ++count) {
    auto m = samples::sample_manifest();
    m.digests.assign(count, samples::counting(digest{}, static_cast<unsigned>(count)));
    signer_.sign(m);
    EXPECT_TRUE(verifier_.verify(m)) << count << " digests";
  }
}

TEST_F(Manifest, IsRefusedWhenAnythingChanged) {
  const auto good = signed_sample();
  for (unsigned bit = 0; bit < 32; ++bit) {
    auto m = good;
    m.first_block ^= 1U << bit;
    EXPECT_FALSE(verifier_.verify(m)) << "first block, bit " << bit;
  }
  for (std::size_t i = 0; i < good.digests.size(); ++i) {
    auto m = good;
    m.digests[i][31] ^= std::byte{1};
    EXPECT_FALSE(verifier_.verify(m)) << "digest " << i;
  }
  for (std::size_t i = 0; i < good.signed_by.size(); ++i) {
    auto m = good;
    m.signed_by[i] ^= std::byte{1};
    EXPECT_FALSE(verifier_.verify(m)) << "signature byte " << i;
  }
}

TEST_F(Manifest, IsRefusedWhenDigestsAreAddedOrMissing) {
  auto more = signed_sample();
  more.digests.push_back(digest{});
  EXPECT_FALSE(verifier_.verify(more));
  auto fewer = signed_sample();
  fewer.digests.pop_back();
  EXPECT_FALSE(verifier_.verify(fewer));
}

TEST_F(Manifest, AnAnchorIsRefusedWhenAnythingChanged) {
  auto good = samples::sample_anchor();
  signer_.sign(good);
  EXPECT_TRUE(verifier_.verify(good));
  for (unsigned bit = 0; bit < 64; ++bit) {
    auto a = good;
    a.packet ^= std::uint64_t{1} << bit;
    EXPECT_FALSE(verifier_.verify(a)) << "packet, bit " << bit;
  }
  for (std::size_t i = 0; i < good.beat.size(); ++i) {
    auto a = good;
    a.beat[i] ^= std::byte{1};
    EXPECT_FALSE(verifier_.verify(a)) << "heartbeat byte " << i;
  }
  auto longer = good;
  longer.beat.resize(defaults::symbol_size + 1);
  EXPECT_FALSE(verifier_.verify(longer));
}

TEST_F(Manifest, OfIllegalSizeIsRefused) {
  auto m = signed_sample();
  m.digests.resize(defaults::manifest_capacity + 1);
  EXPECT_FALSE(verifier_.verify(m));
  m.digests.clear();
  EXPECT_FALSE(verifier_.verify(m));
}

TEST_F(Manifest, OfAnotherTransmissionIsRefused) {
  auto other = transmission_;
  other[15] ^= std::byte{1};
  EXPECT_FALSE(manifest_verifier(public_key_of(key_.get()), other).verify(signed_sample()));
}

TEST_F(Manifest, OfAnotherIdentityIsRefused) {
  const auto other = private_key(8);
  EXPECT_FALSE(
    manifest_verifier(public_key_of(other.get()), transmission_).verify(signed_sample()));
}

TEST_F(Manifest, SignatureCoversTheDocumentedBytes) {
  const auto m = signed_sample();
  std::string message{"fleetcast manifest v1"};
  message += '\0';
  message.append(reinterpret_cast<const char*>(transmission_.data()), transmission_.size());
  message += std::string{"\x30\0\0\0", 4}; // block 48
  for (const auto& d : m.digests)
    message.append(reinterpret_cast<const char*>(d.data()), d.size());
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> c{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  ASSERT_EQ(EVP_DigestVerifyInit(c.get(), nullptr, nullptr, nullptr, key_.get()), 1);
  EXPECT_EQ(EVP_DigestVerify(c.get(), reinterpret_cast<const unsigned char*>(m.signed_by.data()),
                             m.signed_by.size(),
                             reinterpret_cast<const unsigned char*>(message.data()),
                             message.size()),
            1);
}

TEST_F(Manifest, SignerKeepsTheKeyAlive) {
  key_.reset();
  EXPECT_TRUE(verifier_.verify(signed_sample()));
}

/// OpenSSL's error queue is the thread's: TLS on it would take what is left there for its own.
TEST_F(Manifest, ARefusalLeavesNoErrorForOthersOnTheThread) {
  ERR_clear_error();
  auto m = signed_sample();
  m.signed_by[0] ^= std::byte{1};
  EXPECT_FALSE(verifier_.verify(m));
  // S not below the group's order: refused before any arithmetic.
  m.signed_by.fill(std::byte{0xff});
  EXPECT_FALSE(verifier_.verify(m));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(Manifest, OfNoBlockOrTooManyIsNotSigned) {
  manifest m;
  EXPECT_THROW(signer_.sign(m), broken_promise);
  m.digests.resize(defaults::manifest_capacity + 1);
  EXPECT_THROW(signer_.sign(m), broken_promise);
  EXPECT_THROW((manifest_signer{nullptr, transmission_}), broken_promise);
}

} // namespace
} // namespace manifest_test
} // namespace fleetcast::protocol::wire
