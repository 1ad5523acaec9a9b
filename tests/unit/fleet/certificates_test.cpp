#include "actors/trust/fleet_certificates.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <sys/stat.h>

namespace fleetcast::actors::fleet {
namespace certificates_test {
namespace {

using std::chrono::hours;

class Certificates : public ::testing::Test {
protected:
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }

  credential_files host(const std::string& name) const {
    const auto place = store.host_directory(name);
    return {place / "host.pem", place / "host.key", place / "ca.pem"};
  }

  actors::testing::temporary_directory directory;
  certificate_store store{directory.path() / "fleet"};
};

TEST_F(Certificates, AreMadeWithKeysThatOnlyTheirOwnerReads) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node1", "10.0.0.1"}, hours{24}, false));
  EXPECT_EQ(mode_of(store.directory()), 0700U);
  EXPECT_EQ(mode_of(store.directory() / "ca.key"), 0600U);
  EXPECT_EQ(mode_of(store.coordinator().key), 0600U);
  EXPECT_EQ(mode_of(host("node1").key), 0600U);
}

TEST_F(Certificates, FitBothRoles) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node1"}, hours{24}, false));
  EXPECT_TRUE(make_link_context(store.coordinator(), link_role::coordinator));
  EXPECT_TRUE(make_link_context(host("node1"), link_role::agent));
}

TEST_F(Certificates, AreNotReplacedByAccident) {
  ASSERT_FALSE(store.init(hours{24}));
  EXPECT_EQ(store.init(hours{24}).code, protocol::failure_code::invalid_argument);
  ASSERT_FALSE(store.add_host({"node1"}, hours{24}, false));
  EXPECT_TRUE(store.add_host({"node1"}, hours{24}, false));
  EXPECT_FALSE(store.add_host({"node1"}, hours{24}, true));
  EXPECT_TRUE(make_link_context(host("node1"), link_role::agent));
}

TEST_F(Certificates, KeepAllTheirNamesWhenOneOfThemIsToBeRenewed) {
  using names = std::vector<std::string>;
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node1", "10.0.0.1", "fd00::1"}, hours{24}, false));
  ASSERT_FALSE(store.add_host({"node1"}, hours{48}, true));
  EXPECT_EQ(store.list()->back().names, (names{"node1", "10.0.0.1", "fd00::1"}));
  ASSERT_FALSE(store.add_host({"node1", "10.0.0.2"}, hours{48}, true));
  EXPECT_EQ(store.list()->back().names, (names{"node1", "10.0.0.2"})) << "as it was said";
}

TEST_F(Certificates, SayWhenTheyExpire) {
  ASSERT_FALSE(store.init(hours{24 * 20}));
  const auto context = make_link_context(store.coordinator(), link_role::coordinator);
  ASSERT_TRUE(context);
  const auto listed = store.list();
  ASSERT_TRUE(listed);
  EXPECT_EQ(expiry_of(*context).time_since_epoch().count(), listed->at(1).expires);
}

TEST_F(Certificates, OfTheCoordinatorAreMadeAnewUnderTheSameAuthority) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.renew_coordinator(hours{-1}));
  EXPECT_FALSE(make_link_context(store.coordinator(), link_role::coordinator));
  ASSERT_FALSE(store.renew_coordinator(hours{24}));
  EXPECT_TRUE(make_link_context(store.coordinator(), link_role::coordinator));
}

TEST_F(Certificates, AreListedWithTheirDates) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node2"}, hours{24}, false));
  ASSERT_FALSE(store.add_host({"node1"}, hours{-1}, false));
  const auto all = store.list();
  ASSERT_TRUE(all) << all.error().text;
  ASSERT_EQ(all->size(), 4U);
  EXPECT_EQ(all->at(0).name, "ca");
  EXPECT_EQ(all->at(2).name, "node1");
  EXPECT_TRUE(all->at(2).expired);
  EXPECT_FALSE(all->at(3).expired);
  EXPECT_GT(all->at(3).expires, all->at(2).expires);
}

TEST_F(Certificates, AreNotUsedOnceExpired) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node1"}, hours{-1}, false));
  const auto context = make_link_context(host("node1"), link_role::agent);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().text.find("expired"), std::string::npos);
}

TEST_F(Certificates, AreRefusedWhenOthersCouldReplaceThem) {
  ASSERT_FALSE(store.init(hours{24}));
  for (const auto& file : {store.coordinator().ca, store.coordinator().certificate}) {
    ::chmod(file.c_str(), 0666);
    const auto context = make_link_context(store.coordinator(), link_role::coordinator);
    ASSERT_FALSE(context) << file;
    EXPECT_NE(context.error().text.find("chmod go-w"), std::string::npos) << context.error().text;
    ::chmod(file.c_str(), 0644);
  }
  EXPECT_TRUE(make_link_context(store.coordinator(), link_role::coordinator));
}

TEST_F(Certificates, AreNotSignedWithAKeyThatOthersCouldRead) {
  ASSERT_FALSE(store.init(hours{24}));
  ::chmod((store.directory() / "ca.key").c_str(), 0640);
  const auto refused = store.add_host({"node1"}, hours{24}, false);
  EXPECT_NE(refused.text.find("chmod 600"), std::string::npos) << refused.text;
}

TEST_F(Certificates, AreRefusedWhenOthersCouldReadTheKey) {
  ASSERT_FALSE(store.init(hours{24}));
  ::chmod(store.coordinator().key.c_str(), 0644);
  const auto context = make_link_context(store.coordinator(), link_role::coordinator);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().text.find("chmod 600"), std::string::npos);
}

/// A link that leads to itself cannot be opened by root either.
TEST_F(Certificates, SayWhyAKeyCannotBeRead) {
  ASSERT_FALSE(store.init(hours{24}));
  auto files = store.coordinator();
  files.key = store.directory() / "loop.key";
  std::filesystem::create_symlink(files.key, files.key);
  const auto context = make_link_context(files, link_role::coordinator);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().text.find("cannot read the private key"), std::string::npos)
    << context.error().text;
  EXPECT_NE(context.error().text.find("symbolic links"), std::string::npos) << context.error().text;
}

TEST_F(Certificates, SayWhatMakesThemWhereThereAreNone) {
  const auto context = make_link_context(store.coordinator(), link_role::coordinator);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().text.find("`fleetcast fleet cert` makes"), std::string::npos)
    << context.error().text;
}

TEST_F(Certificates, AreRefusedWhenKeyAndCertificateDoNotFit) {
  ASSERT_FALSE(store.init(hours{24}));
  ASSERT_FALSE(store.add_host({"node1"}, hours{24}, false));
  auto mixed = store.coordinator();
  mixed.key = host("node1").key;
  EXPECT_FALSE(make_link_context(mixed, link_role::coordinator));
  std::ofstream{store.coordinator().certificate} << "nonsense";
  EXPECT_FALSE(make_link_context(store.coordinator(), link_role::coordinator));
}

TEST_F(Certificates, AreMadeForPlainNamesOnly) {
  ASSERT_FALSE(store.init(hours{24}));
  for (const auto* name : {"", "../x", ".x", "a b", "a,IP:1.2.3.4", "a/b"})
    EXPECT_TRUE(store.add_host({name}, hours{24}, false)) << name;
  EXPECT_FALSE(store.add_host({"2001:db8::1"}, hours{24}, false));
}

TEST_F(Certificates, NeedAnAuthority) {
  const auto failed = store.add_host({"node1"}, hours{24}, false);
  EXPECT_NE(failed.text.find("fleet cert init"), std::string::npos);
  EXPECT_FALSE(store.list());
}

} // namespace
} // namespace certificates_test
} // namespace fleetcast::actors::fleet
