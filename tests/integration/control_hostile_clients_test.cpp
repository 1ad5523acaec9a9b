#include "tests/integration/control_fixture.hpp"
#include "tests/support/logged_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fleetcast::actors {
namespace control_hostile_clients_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using asio::ip::tcp;
using control_fixture::a_request;
using control_fixture::Control;
using control_fixture::drain;
using control_fixture::framed;
using control_fixture::raw_client;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(Control, ClosesAHalfOpenConnectionInTime) {
  limits_.request = milliseconds{1000};
  serve();
  raw_client stranger{port_};
  drain(stranger.socket());
  await_fact("too slow", "1");
  expect_service();
}

TEST_F(Control, ClosesAConnectionThatShakesHandsAndSaysNothing) {
  limits_.request = milliseconds{600};
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  EXPECT_FALSE(stranger.receive());
  await_fact("too slow", "1");
}

TEST_F(Control, ClosesAConnectionThatTrickles) {
  limits_.request = milliseconds{600};
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  const auto request = a_request();
  // Every byte comes well within the limit; all of them do not.
  std::size_t sent = 0;
  while (sent < request.size() && !stranger.is_answered(milliseconds{20}))
    stranger.send({request[sent++]});
  EXPECT_LT(sent, request.size());
  EXPECT_FALSE(stranger.receive());
  await_fact("too slow", "1");
  EXPECT_TRUE(is_quiet(server_probe_)) << "the manager was asked";
}

TEST_F(Control, ClosesAConnectionOfRandomBytes) {
  constexpr unsigned seed = 20240;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  serve();
  for (int i = 0; i < 20; ++i) {
    raw_client stranger{port_};
    std::string bytes(1 + random() % 3000, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    boost::system::error_code ignored;
    asio::write(stranger.socket(), asio::buffer(bytes), ignored);
    stranger.socket().shutdown(tcp::socket::shutdown_send, ignored);
    drain(stranger.socket());
  }
  await_fact("handshake failed", "20");
  expect_service();
}

TEST_F(Control, ClosesAConnectionOfRandomBytesWithinTls) {
  constexpr unsigned seed = 20241;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  serve();
  for (int i = 0; i < 20; ++i) {
    raw_client stranger{port_};
    ASSERT_FALSE(stranger.shake_hands());
    wire::message_bytes body(8 * (1 + random() % 64));
    for (auto& byte : body)
      byte = static_cast<std::byte>(random());
    stranger.send(framed(static_cast<std::uint32_t>(body.size()), body));
    const auto answer = stranger.receive();
    ASSERT_TRUE(answer);
    ASSERT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
    EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::invalid_request);
    EXPECT_FALSE(stranger.receive());
  }
  await_fact("malformed", "20");
  expect_service();
}

TEST_F(Control, RefusesATlsOlderThan13) {
  serve();
  raw_client stranger{port_, asio::ssl::context::tlsv12_client};
  EXPECT_TRUE(stranger.shake_hands());
  await_fact("handshake failed", "1");
  expect_service();
}

TEST_F(Control, ClosesAConnectionThatAnnouncesAnOversizedMessage) {
  serve();
  for (const std::uint32_t length : {0U, 65537U, 0x7fffffffU, 0xffffffffU}) {
    raw_client stranger{port_};
    ASSERT_FALSE(stranger.shake_hands());
    stranger.send(framed(length, {}));
    EXPECT_FALSE(stranger.receive()) << length;
  }
  await_fact("malformed", "4");
  expect_service();
}

TEST_F(Control, ClosesAConnectionWhoseMessageNestsDeeply) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  // One segment of structs, each with one pointer, to the next one.
  constexpr std::uint32_t depth = 8000;
  wire::message_bytes body;
  const auto put = [&](std::uint32_t word) {
    for (unsigned i = 0; i < 4; ++i)
      body.push_back(static_cast<std::byte>(word >> (8 * i)));
  };
  put(0);
  put(depth);
  for (std::uint32_t i = 0; i < depth; ++i) {
    put(0);
    put(1U << 16U);
  }
  stranger.send(framed(static_cast<std::uint32_t>(body.size()), body));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  await_fact("malformed", "1");
  expect_service();
}

TEST_F(Control, AllowsOneRequestOnly) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(a_request());
  await_join();
  const auto first = stranger.receive();
  ASSERT_TRUE(first);
  ASSERT_TRUE(std::holds_alternative<wire::session_accept>(*first));
  stranger.send(a_request());
  const auto second = stranger.receive();
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::holds_alternative<wire::session_ended>(*second));
  EXPECT_EQ(await_leave().code, failure_code::invalid_request);
  await_fact("malformed", "1");
}

TEST_F(Control, WantsTheRequestFirst) {
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(wire::encode(wire::client_message{wire::receipt{}}));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  EXPECT_FALSE(stranger.receive());
}

TEST_F(Control, SaysInTheLogWhomItRefusesAndWhy) {
  policy_ = [](const join_request&) {
    join_reply reply;
    reply.reason = {failure_code::handshake_failed, 0,
                    "this host asks for what is neither sealed nor verified"};
    return reply;
  };
  const actors::testing::logged_lines lines;
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  stranger.send(a_request());
  EXPECT_TRUE(stranger.receive());
  EXPECT_THAT(lines.all(), ElementsAre(AllOf(HasSubstr("lab/image: refused to stranger (127.0.0.1"),
                                             HasSubstr("neither sealed nor verified"))));
}

TEST_F(Control, RefusesAnotherVersionOfTheProtocol) {
  const actors::testing::logged_lines lines;
  serve();
  raw_client stranger{port_};
  ASSERT_FALSE(stranger.shake_hands());
  wire::session_request request;
  request.version = wire::protocol_version + 1;
  request.name_space = "lab";
  request.object = "image";
  request.suites = {wire::seal_suite::aes_256_gcm};
  stranger.send(wire::encode(wire::client_message{request}));
  const auto answer = stranger.receive();
  ASSERT_TRUE(answer);
  ASSERT_TRUE(std::holds_alternative<wire::session_reject>(*answer));
  EXPECT_EQ(std::get<wire::session_reject>(*answer).reason.code, failure_code::unsupported_version);
  EXPECT_THAT(lines.all(), ElementsAre(HasSubstr("the client speaks version")));
}

} // namespace
} // namespace control_hostile_clients_test
} // namespace fleetcast::actors
