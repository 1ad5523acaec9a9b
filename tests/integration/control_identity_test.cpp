#include "actors/trust/known_servers.hpp"
#include "tests/integration/control_fixture.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace fleetcast::actors {
namespace control_identity_test {
namespace {

namespace wire = protocol::wire;
using control_fixture::Control;

TEST_F(Control, RefusesAChangedIdentityBeforeItAsks) {
  serve();
  const auto request = to_server();
  const io::known_servers known{request.known_servers};
  const auto other = "SHA256:" + std::string(43, 'x');
  ASSERT_TRUE(known.check_or_pin(io::host_and_port(request.server, port_), other));
  connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::identity_changed);
  EXPECT_NE(reason.text.find(identity_->fingerprint()), std::string::npos) << reason.text;
  EXPECT_NE(reason.text.find(other), std::string::npos) << reason.text;
  await_fact("broken early", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the request was sent";
}

TEST_F(Control, RefusesAnotherFingerprintThanTheOneGiven) {
  serve();
  auto request = to_server();
  request.fingerprint = "SHA256:" + std::string(43, 'x');
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
  await_fact("broken early", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the request was sent";
}

TEST_F(Control, AFingerprintByHandNeedsNoKnownServers) {
  serve();
  auto request = to_server();
  request.fingerprint = identity_->fingerprint();
  std::ofstream{request.known_servers} << "not a line of known_servers\n";
  connect(request);
  await_accept();
}

TEST_F(Control, PinsAFingerprintByHand) {
  serve();
  auto request = to_server();
  request.fingerprint = identity_->fingerprint();
  connect(request);
  await_accept();
  EXPECT_EQ(io::known_servers{request.known_servers}
              .pinned(io::host_and_port(request.server, port_))
              .value(),
            std::vector<std::string>{identity_->fingerprint()});
}

TEST_F(Control, PinsAFingerprintByHandInPlaceOfAnother) {
  serve();
  auto request = to_server();
  const auto server = io::host_and_port(request.server, port_);
  const io::known_servers known{request.known_servers};
  ASSERT_TRUE(known.check_or_pin(server, "SHA256:" + std::string(43, 'x')));
  request.fingerprint = identity_->fingerprint();
  connect(request);
  await_accept();
  EXPECT_EQ(known.pinned(server).value(), std::vector<std::string>{identity_->fingerprint()});
}

TEST_F(Control, RefusesAFingerprintThatIsNone) {
  serve();
  auto request = to_server();
  request.fingerprint = "SHA256:abc";
  const auto client = connect(request);
  EXPECT_EQ(await_closed().code, failure_code::invalid_argument);
  await_end(client);
}

TEST_F(Control, FailsWhenKnownServersCannotBeUnderstood) {
  serve();
  const auto request = to_server();
  std::ofstream{request.known_servers} << "not a line of known_servers\n";
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::trust_store_fault);
}

TEST_F(Control, RefusesASigningKeyThatIsNotTheServersIdentity) {
  policy_ = [this](const join_request&) {
    auto reply = accepting();
    reply.accept.signing_key[0] ^= std::byte{1};
    return reply;
  };
  serve();
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::signature_invalid);
}

TEST_F(Control, RefusesUnsealedDatagrams) {
  policy_ = [this](const join_request&) {
    auto reply = accepting();
    reply.accept.suite = wire::seal_suite::none;
    return reply;
  };
  serve();
  connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

TEST_F(Control, TakesUnsealedDatagramsIfItAskedForThem) {
  policy_ = [this](const join_request& asked) {
    auto reply = accepting();
    reply.accept.suite = asked.request.suites.front();
    reply.accept.unverified = true;
    return reply;
  };
  serve();
  auto request = to_server();
  request.unsealed = true;
  connect(request);
  await_accept();
  EXPECT_EQ(await_join().request.suites, std::vector{wire::seal_suite::none});
}

TEST_F(Control, RefusesSealedDatagramsIfItAskedForOthers) {
  serve();
  auto request = to_server();
  request.unsealed = true;
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

} // namespace
} // namespace control_identity_test
} // namespace fleetcast::actors
