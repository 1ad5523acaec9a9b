#include "actors/trust/fleet_certificates.hpp"
#include "apps/fleetcast/agent/agent_credentials.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fleetcast::apps {
namespace agent_credentials_test {
namespace {

namespace fleet = actors::fleet;

using std::chrono::days;
using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto loopback = boost::asio::ip::make_address("127.0.0.1");
const auto everywhere = boost::asio::ip::make_address("::");

class AgentCredentials : public ::testing::Test {
protected:
  void make_certificate(hours validity) {
    ASSERT_FALSE(store.add_host({"127.0.0.1"}, validity, true));
  }

  /// When the certificate on the disk expires.
  std::int64_t on_disk() const { return store.list()->back().expires; }

  static std::chrono::sys_seconds now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  actors::testing::temporary_directory directory;
  fleet::certificate_store store
    = actors::testing::make_fleet_certificates(directory.path() / "fleet");
  fleet::credential_files files = actors::testing::host_credentials(store);
};

TEST_F(AgentCredentials, AreReadAgainAndWatchedAnew) {
  make_certificate(days{20});
  agent_credentials credentials{files, true, everywhere};
  ASSERT_FALSE(credentials.load());
  const auto expires = credentials.expires();
  EXPECT_EQ(expires->load(), on_disk());
  EXPECT_THAT(credentials.look(now()), HasSubstr("expires in"));
  EXPECT_THAT(credentials.look(now()), IsEmpty()) << "said a moment ago";

  const auto before = credentials.context();
  make_certificate(days{10});
  ASSERT_FALSE(credentials.load());
  EXPECT_NE(credentials.context(), before);
  EXPECT_EQ(expires->load(), on_disk());
  EXPECT_THAT(credentials.look(now()), HasSubstr("expires in")) << "another certificate";

  make_certificate(days{800});
  ASSERT_FALSE(credentials.load());
  EXPECT_THAT(credentials.look(now()), IsEmpty());
}

TEST_F(AgentCredentials, StayAsTheyAreWhenTheFilesCannotBeUsed) {
  agent_credentials credentials{files, false, loopback};
  ASSERT_FALSE(credentials.load());
  const auto before = credentials.context();
  const auto expires = credentials.expires()->load();
  make_certificate(hours{-1});
  EXPECT_THAT(credentials.load().text, HasSubstr("it has expired"));
  std::ofstream{files.certificate} << "nonsense";
  EXPECT_THAT(credentials.load().text, HasSubstr(files.certificate.string()));
  std::filesystem::remove(files.certificate);
  EXPECT_THAT(credentials.load().text, HasSubstr(files.certificate.string()))
    << "an agent with certificates does not become one without";
  EXPECT_EQ(credentials.context(), before);
  EXPECT_EQ(credentials.expires()->load(), expires);
}

TEST_F(AgentCredentials, AreNotNeededWhereOnlyThisHostGetsInUntilThereAreSome) {
  const auto place = directory.path() / "later";
  const fleet::credential_files later{place / "host.pem", place / "host.key", place / "ca.pem"};
  EXPECT_TRUE((agent_credentials{later, true, loopback}).load());
  EXPECT_TRUE((agent_credentials{later, false, everywhere}).load());
  agent_credentials credentials{later, false, loopback};
  ASSERT_FALSE(credentials.load());
  EXPECT_EQ(credentials.context(), nullptr);
  EXPECT_EQ(credentials.expires()->load(), 0);
  EXPECT_THAT(credentials.look(now()), IsEmpty());
  std::filesystem::copy(files.certificate.parent_path(), place);
  ASSERT_FALSE(credentials.load());
  EXPECT_NE(credentials.context(), nullptr);
  EXPECT_EQ(credentials.expires()->load(), on_disk());
}

} // namespace
} // namespace agent_credentials_test
} // namespace fleetcast::apps
