#include "tests/integration/control_fixture.hpp"
#include "tests/support/logged_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleetcast::actors {
namespace control_listening_test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using control_fixture::Control;
using control_fixture::raw_client;
using std::chrono::milliseconds;

TEST_F(Control, NamesAnAddressThatIsTaken) {
  serve();
  const auto refused = listen_on(io_, tcp::endpoint{asio::ip::address_v4::loopback(), port_});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, failure_code::network_fault);
  EXPECT_EQ(refused.error().detail, static_cast<std::uint32_t>(EADDRINUSE));
  EXPECT_NE(refused.error().text.find("127.0.0.1:" + std::to_string(port_)), std::string::npos)
    << refused.error().text;
}

TEST_F(Control, NamesAnAddressThatIsNotThisHosts) {
  const auto refused = listen_on(io_, tcp::endpoint{asio::ip::make_address("192.0.2.1"), 0});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("ip address"), std::string::npos) << refused.error().text;
}

TEST_F(Control, TurnsAwayWhoComesBeyondTheLimitOfConnections) {
  limits_.connections = 1;
  serve();
  const auto client = connect(to_server());
  await_join();
  await_accept();
  connect(to_server());
  const auto reason = await_closed();
  EXPECT_EQ(reason.code, failure_code::handshake_failed);
  EXPECT_NE(reason.text.find("limit of connections"), std::string::npos) << reason.text;
  EXPECT_EQ(fact("turned away"), "1");
  // The place is free again once the first one left.
  caf::anon_send(client, stop_atom::value);
  await_leave();
  await_fact("connections", "0");
  expect_service();
}

TEST_F(Control, ReceiversOfOneAddressKeepNobodyElseOut) {
  const testing::logged_lines lines;
  limits_.connections = 8;
  serve();
  for (int i = 0; i < 2; ++i) {
    connect(to_server());
    await_join();
    await_accept();
  }
  for (int i = 0; i < 3; ++i) {
    connect(to_server());
    const auto reason = await_closed();
    EXPECT_NE(reason.text.find("limit of connections"), std::string::npos) << reason.text;
  }
  EXPECT_EQ(fact("turned away"), "3");
  EXPECT_THAT(lines.all(), ::testing::ElementsAre(::testing::HasSubstr(
                             "limit of connections of one address (IPv6: one /64) is reached. It "
                             "has 2 of 8")));
  asio::io_context io;
  tcp::socket other{io, tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0}};
  other.connect({asio::ip::address_v4::loopback(), port_});
  await_fact("accepted", "3");
}

TEST_F(Control, LetsTheNextOneInWhenASilentOneIsThrownOut) {
  limits_.pending = 1;
  limits_.request = milliseconds{1000};
  serve();
  raw_client silent{port_};
  expect_service();
  EXPECT_EQ(fact("too slow"), "1") << "both were let in at the same time";
}

TEST_F(Control, ASilentConnectionMakesRoomForOneThatWaits) {
  limits_.pending = 1;
  limits_.pending_grace = milliseconds{0};
  limits_.request = std::chrono::hours{1};
  serve();
  raw_client silent{port_};
  expect_service();
  await_fact("too slow", "1");
}

TEST_F(Control, SilentConnectionsOfOneAddressKeepNobodyElseOut) {
  limits_.pending_per_source = 2;
  limits_.pending_grace = std::chrono::hours{1};
  limits_.request = std::chrono::hours{1};
  serve();
  asio::io_context io;
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 5; ++i) {
    auto& socket = silent.emplace_back(io, tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({asio::ip::address_v4::loopback(), port_});
  }
  await_fact("waiting", "3");
  expect_service();
  // Those that waited were let in by the end of one before them, not by a clock.
  silent.front().close();
  await_fact("waiting", "2");
}

TEST_F(Control, BeyondTheLimitOfConnectionsAFloodTurnsItselfAway) {
  limits_.connections = 3;
  limits_.pending_per_source = 1;
  limits_.pending_grace = std::chrono::hours{1};
  limits_.request = std::chrono::hours{1};
  serve();
  asio::io_context io;
  std::vector<tcp::socket> silent;
  for (int i = 0; i < 3; ++i) {
    auto& socket = silent.emplace_back(io, tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({asio::ip::address_v4::loopback(), port_});
  }
  await_fact("waiting", "2");
  expect_service();
  EXPECT_EQ(fact("turned away"), "1");
  EXPECT_EQ(fact("waiting"), "1");
}

} // namespace
} // namespace control_listening_test
} // namespace fleetcast::actors
