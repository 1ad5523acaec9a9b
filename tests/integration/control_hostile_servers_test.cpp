#include "tests/integration/control_fixture.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace fleetcast::actors {
namespace control_hostile_servers_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using control_fixture::Control;
using control_fixture::framed;
using control_fixture::raw_client;
using control_fixture::raw_server;
using std::chrono::milliseconds;

TEST_F(Control, TheClientTellsItsSessionWhetherFeedbackArrives) {
  auto answer = wire::encode(wire::server_message{accepting().accept});
  const auto state = wire::encode(wire::server_message{wire::feedback_state{2500, 0}});
  answer.insert(answer.end(), state.begin(), state.end());
  raw_server server{*identity_, answer};
  port_ = server.port();
  limits_.close = milliseconds{50}; // this one says no farewell
  const auto client = connect(to_server());
  await_accept();
  EXPECT_EQ(await<wire::feedback_state>(client_probe_).unheard_milliseconds, 2500U);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
}

/// Clients of version 1 end at a message that they do not know.
TEST_F(Control, TheServerTellsTheStateOfFeedbackToThoseWhoTakeItOnly) {
  serve();
  for (const bool takes_it : {false, true}) {
    SCOPED_TRACE(takes_it);
    wire::session_request request;
    request.name_space = "lab";
    request.object = "image";
    request.suites = {wire::seal_suite::chacha20_poly1305};
    request.cache_blocks = 4;
    if (takes_it)
      request.features = wire::feature_set{}.with(wire::feature::feedback_state);
    raw_client client{port_};
    ASSERT_FALSE(client.shake_hands());
    client.send(wire::encode(wire::client_message{request}));
    const auto join = await<join_request>(server_probe_);
    ASSERT_TRUE(client.receive()) << "accept";
    caf::anon_send(join.link, wire::feedback_state{2500, 7});
    caf::anon_send(join.link,
                   wire::session_ended{{failure_code::cancelled, 0, "the test is over"}});
    const auto next = client.receive();
    ASSERT_TRUE(next);
    EXPECT_EQ(std::holds_alternative<wire::feedback_state>(*next), takes_it);
  }
}

TEST_F(Control, TheClientEndsOnAnOversizedAnswer) {
  raw_server hostile{*identity_, framed(0xffffffffU, {})};
  port_ = hostile.port();
  const auto client = connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::invalid_request);
  await_end(client);
}

TEST_F(Control, TheClientEndsOnAnAnswerThatIsNoMessage) {
  raw_server hostile{*identity_, framed(16, wire::message_bytes(16, std::byte{0xff}))};
  port_ = hostile.port();
  limits_.close = milliseconds{50}; // the hostile one says no farewell
  const auto client = connect(to_server());
  EXPECT_EQ(await_closed().code, failure_code::invalid_request);
  await_end(client);
}

TEST_F(Control, TheClientRefusesAServerWhoseKeyIsNotEd25519) {
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tlsv13_server};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  ASSERT_EQ(SSL_CTX_use_certificate(context.native_handle(), certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context.native_handle(), key.get()), 1);
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = acceptor.local_endpoint().port();
  connect(to_server());
  asio::ssl::stream<tcp::socket> stream{acceptor.accept(), context};
  boost::system::error_code ignored;
  stream.handshake(asio::ssl::stream_base::server, ignored);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("Ed25519"), std::string::npos) << reason.text;
}

} // namespace
} // namespace control_hostile_servers_test
} // namespace fleetcast::actors
