#include "actors/trust/known_servers.hpp"
#include "tests/integration/control_fixture.hpp"
#include "tests/support/proves.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include <sys/stat.h>

namespace fleetcast::actors {
namespace control_authentication_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using control_fixture::a_request;
using control_fixture::Control;
using control_fixture::raw_client;
using control_fixture::receiver;

TEST_F(Control, TellsTheServerWhoAsks) {
  proves("W-ISES-7");
  serve();
  const auto [request, fingerprint] = authenticated();
  connect(request);
  await_accept();
  EXPECT_EQ(client_at(await_join()), fingerprint);
}

TEST_F(Control, DoesNotTellUnlessAsked) {
  proves("W-ISES-8");
  serve();
  connect(to_server());
  await_accept();
  EXPECT_EQ(client_at(await_join()), "");
}

TEST_F(Control, ServesAClientThatItKnows) {
  proves("W-ISES-7");
  const auto fingerprint = authenticated().second;
  authorize("# ours\n" + fingerprint + " the lab's\n");
  serve();
  connect(authenticated().first);
  EXPECT_EQ(await_accept().accept.receiver_id, receiver);
}

TEST_F(Control, RefusesAClientThatItDoesNotKnowByItsFingerprint) {
  proves("W-ISES-7");
  authorize("# nobody\n");
  serve();
  const auto [request, fingerprint] = authenticated();
  connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::access_denied);
  EXPECT_NE(reason.text.find(fingerprint), std::string::npos) << reason.text;
  await_fact("rejected", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the manager was asked";
  // From the next request on, the operator's change counts.
  authorize(fingerprint + "\n");
  connect(request);
  await_accept();
}

TEST_F(Control, RefusesAClientThatDoesNotSayWhoItIs) {
  proves("W-ISES-8");
  authorize(authenticated().second + "\n");
  serve();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::not_authenticated);
  EXPECT_NE(reason.text.find("--auth"), std::string::npos) << reason.text;
  await_fact("rejected", "1");
}

TEST_F(Control, WhoMayNotHaveAnObjectDoesNotLearnWhetherItIsThere) {
  authorize("# nobody\n");
  serve();
  auto request = authenticated().first;
  request.object = "no such thing";
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::access_denied);
}

TEST_F(Control, KeepsItsIdentityFromAServerThatIsNotTheOneGivenOrPinned) {
  // The fingerprint of the client would be in the server's status if it had come that far, so the
  // handshake itself is looked at: a server that wants a certificate from everybody.
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tlsv13_server};
  ASSERT_EQ(SSL_CTX_use_certificate(context.native_handle(), identity_->certificate()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(context.native_handle(), identity_->key()), 1);
  SSL_CTX_set_verify(context.native_handle(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(
    context.native_handle(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  tcp::acceptor impostor{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = impostor.local_endpoint().port();
  const auto shows_certificate = [&](const receive_request& request) {
    connect(request);
    asio::ssl::stream<tcp::socket> stream{impostor.accept(), context};
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    EXPECT_FALSE(error) << error.message();
    return SSL_get0_peer_certificate(stream.native_handle()) != nullptr;
  };
  auto by_hand = authenticated().first;
  by_hand.fingerprint = "SHA256:" + std::string(43, 'x');
  EXPECT_FALSE(shows_certificate(by_hand));
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
  by_hand.fingerprint = identity_->fingerprint();
  EXPECT_TRUE(shows_certificate(by_hand));
  await_closed();

  auto pinned = authenticated().first;
  pinned.known_servers
    = (root_ / "other_known_servers").string(); // what was given by hand is pinned
  const io::known_servers known{pinned.known_servers};
  ASSERT_TRUE(
    known.check_or_pin(io::host_and_port(pinned.server, port_), "SHA256:" + std::string(43, 'y')));
  EXPECT_FALSE(shows_certificate(pinned));
  EXPECT_EQ(await_closed().code, failure_code::identity_changed);
}

TEST_F(Control, FailsWhenItsIdentityCannotBeUsed) {
  serve();
  auto request = authenticated().first;
  ASSERT_EQ(::chmod(request.identity.c_str(), 0644), 0);
  const auto client = connect(request);
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::trust_store_fault);
  EXPECT_NE(reason.text.find("chmod 600"), std::string::npos) << reason.text;
  await_end(client);
  EXPECT_EQ(fact("accepted"), "0");
}

TEST_F(Control, ServesAClientThatShowsTheKeyOfAnotherKindAsOneThatDoesNotSay) {
  authorize("# nobody\n");
  serve();
  // The server asks for Ed25519, so this client has nothing to show.
  raw_client client{port_};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  ASSERT_TRUE(client.show(certificate.get(), key.get()));
  ASSERT_FALSE(client.shake_hands());
  client.send(a_request());
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::not_authenticated);
}

TEST_F(Control, StopsWhileItReadsItsIdentity) {
  serve();
  const auto client = connect(authenticated().first);
  caf::anon_send(client, stop_atom::value);
  await_end(client);
  EXPECT_TRUE(is_quiet(client_probe_)) << "a report after stop";
}

} // namespace
} // namespace control_authentication_test
} // namespace fleetcast::actors
