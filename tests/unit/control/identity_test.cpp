#include "actors/trust/identity.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace fleetcast::actors::io {
namespace identity_test {
namespace {

using protocol::failure_code;

class Identity : public ::testing::Test {
protected:
  static mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }

  std::string contents() const {
    std::ifstream in{state_ / "identity.pem"};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  testing::temporary_directory directory_;
  std::filesystem::path root_ = directory_.path();
  std::filesystem::path state_ = root_ / "below" / "state";
};

TEST_F(Identity, IsMadeOnFirstStartAndReusedAfterwards) {
  const auto first = load_or_create_identity(state_);
  ASSERT_TRUE(first) << first.error().text;
  const auto written = contents();
  const auto second = load_or_create_identity(state_);
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ(first->fingerprint(), second->fingerprint());
  EXPECT_EQ(first->public_key(), second->public_key());
  EXPECT_EQ(contents(), written);
}

TEST_F(Identity, IsReadableByItsOwnerOnly) {
  ASSERT_TRUE(load_or_create_identity(state_));
  EXPECT_EQ(mode_of(state_), 0700U);
  EXPECT_EQ(mode_of(state_ / "identity.pem"), 0600U);
}

TEST_F(Identity, LeavesNothingElseInTheDirectory) {
  ASSERT_TRUE(load_or_create_identity(state_));
  const std::filesystem::directory_iterator files{state_};
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(Identity, HasAFingerprintAsSshWritesThem) {
  const auto made = load_or_create_identity(state_);
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_fingerprint(made->fingerprint())) << made->fingerprint();
  EXPECT_EQ(made->fingerprint(), fingerprint_of(made->key()));
}

TEST_F(Identity, FingerprintIsThatOfTheSubjectPublicKeyInfo) {
  // Key of RFC 8032, section 7.1, test 1; fingerprint by: openssl pkey -pubout -outform DER |
  // openssl dgst -sha256 -binary | base64
  const unsigned char raw[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw, sizeof(raw)), EVP_PKEY_free};
  EXPECT_EQ(fingerprint_of(key.get()), "SHA256:BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k");
}

TEST_F(Identity, RefusesAKeyThatOthersCouldRead) {
  ASSERT_TRUE(load_or_create_identity(state_));
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(::chmod((state_ / "identity.pem").c_str(), mode), 0);
    const auto refused = load_or_create_identity(state_);
    ASSERT_FALSE(refused) << std::oct << mode;
    EXPECT_EQ(refused.error().code, failure_code::access_denied);
    EXPECT_NE(refused.error().text.find("chmod 600"), std::string::npos) << refused.error().text;
  }
}

TEST_F(Identity, RefusesADirectoryThatOthersCouldWrite) {
  ASSERT_TRUE(load_or_create_identity(state_));
  ASSERT_EQ(::chmod(state_.c_str(), 0777), 0);
  const auto refused = load_or_create_identity(state_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::access_denied);
  EXPECT_NE(refused.error().text.find("chmod go-w"), std::string::npos) << refused.error().text;
}

TEST_F(Identity, IsNotReplacedWhenTheFileIsDamaged) {
  ASSERT_TRUE(load_or_create_identity(state_));
  const auto whole = contents();
  for (const auto& damaged : {std::string{}, std::string{"rubbish"}, whole.substr(0, 150)}) {
    std::ofstream{state_ / "identity.pem", std::ios::trunc} << damaged;
    const auto refused = load_or_create_identity(state_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, failure_code::read_fault);
    EXPECT_EQ(contents(), damaged);
  }
}

TEST_F(Identity, RefusesAKeyWhoseCertificateIsAnothers) {
  ASSERT_TRUE(load_or_create_identity(state_));
  const auto other_dir = root_ / "other";
  ASSERT_TRUE(load_or_create_identity(other_dir));
  const auto mine = contents();
  std::ifstream in{other_dir / "identity.pem"};
  const std::string other{std::istreambuf_iterator<char>{in}, {}};
  const std::string border = "-----BEGIN CERTIFICATE-----";
  std::ofstream{state_ / "identity.pem", std::ios::trunc} << mine.substr(0, mine.find(border))
                                                          << other.substr(other.find(border));
  const auto refused = load_or_create_identity(state_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::read_fault);
}

TEST_F(Identity, IsOneForSeveralThatStartAtOnce) {
  std::vector<std::future<std::string>> starts;
  for (int i = 0; i < 8; ++i)
    starts.push_back(std::async(std::launch::async, [this] {
      const auto made = load_or_create_identity(state_);
      return made ? made->fingerprint() : made.error().text;
    }));
  std::vector<std::string> fingerprints;
  for (auto& start : starts)
    fingerprints.push_back(start.get());
  for (const auto& fingerprint : fingerprints)
    EXPECT_EQ(fingerprint, fingerprints.front());
  EXPECT_TRUE(is_fingerprint(fingerprints.front())) << fingerprints.front();
}

TEST_F(Identity, SaysWhyItCannotBeWritten) {
  std::ofstream{root_ / "file"} << "not a directory";
  const auto refused = load_or_create_identity(root_ / "file" / "state");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("--state-dir"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find("Not a directory"), std::string::npos)
    << refused.error().text;
}

TEST(Fingerprint, IsRecognizedByPrefixLengthAndAlphabet) {
  const std::string digits(43, 'A');
  EXPECT_TRUE(is_fingerprint("SHA256:" + digits));
  EXPECT_FALSE(is_fingerprint("SHA256:" + digits + "="));
  EXPECT_FALSE(is_fingerprint("SHA256:" + digits.substr(1)));
  EXPECT_FALSE(is_fingerprint("SHA256:" + digits.substr(1) + "-"));
  EXPECT_FALSE(is_fingerprint("MD5:" + digits));
  EXPECT_FALSE(is_fingerprint(""));
}

} // namespace
} // namespace identity_test
} // namespace fleetcast::actors::io
