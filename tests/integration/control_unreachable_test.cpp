#include "tests/integration/control_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fleetcast::actors {
namespace control_unreachable_test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using control_fixture::Control;
using control_fixture::drain;
using std::chrono::milliseconds;

TEST_F(Control, NamesARefusedConnectionAndTheRemedy) {
  {
    auto closed = listen_on(io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0});
    ASSERT_TRUE(closed);
    port_ = closed->port();
    closed->sockets().front().close();
  }
  const auto client = connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connection_refused);
  EXPECT_NE(reason.text.find("127.0.0.1:" + std::to_string(port_)), std::string::npos);
  EXPECT_NE(reason.text.find("--listen"), std::string::npos) << reason.text;
  await_end(client);
}

TEST_F(Control, NamesANameThatCannotBeResolved) {
  auto request = to_server();
  request.server = std::string(70, 'a'); // longer than a label may be: no name server is asked
  request.port = 5040;
  connect(request);
  EXPECT_EQ(await_closed().code, failure_code::name_unresolved);
}

TEST_F(Control, GivesUpOnAServerThatDoesNotShakeHands) {
  limits_.connect = milliseconds{50};
  asio::io_context io;
  tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = silent.local_endpoint().port();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connect_timeout);
  EXPECT_NE(reason.text.find("handshake"), std::string::npos) << reason.text;
}

TEST_F(Control, GivesUpOnAServerThatDoesNotAnswer) {
  limits_.reply = milliseconds{30};
  policy_ = [](const join_request&) { return std::nullopt; };
  serve();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::connect_timeout);
  EXPECT_NE(reason.text.find("did not answer"), std::string::npos) << reason.text;
}

TEST_F(Control, NamesAServerThatSpeaksNoTls) {
  asio::io_context io;
  tcp::acceptor plain{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = plain.local_endpoint().port();
  connect(to_server());
  auto socket = plain.accept();
  asio::write(socket, asio::buffer(std::string{"HTTP/1.1 400 Bad Request\r\n\r\n"}));
  EXPECT_EQ(await_closed().code, failure_code::handshake_failed);
}

TEST_F(Control, StopsWhileItConnects) {
  asio::io_context io;
  tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  port_ = silent.local_endpoint().port();
  const auto client = connect(to_server());
  auto socket = silent.accept();
  caf::anon_send(client, stop_atom::value);
  await_end(client);
  drain(socket);
  EXPECT_TRUE(is_quiet(client_probe_)) << "a report after stop";
}

} // namespace
} // namespace control_unreachable_test
} // namespace fleetcast::actors
