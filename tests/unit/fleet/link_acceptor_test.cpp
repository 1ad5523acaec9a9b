/// The agent's door, for those who connect and do not say what a coordinator says.
#include "actors/fleet/link_acceptor.hpp"
#include "actors/fleet/link_greeting.hpp"
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include <sys/socket.h>

namespace fleetcast::actors::fleet {
namespace link_acceptor_test {
namespace {

using boost::asio::ip::tcp;

class LinkAcceptor : public ::testing::Test {
protected:
  void start(const link_context& context, const link_acceptor_limits& limits = {}) {
    agent_ = std::make_unique<actors::testing::live_agent>(
      io_, context, std::make_shared<testing::scripted_receptions>(receptions_), agent_limits{},
      limits);
  }

  tcp::socket connect() {
    tcp::socket result{users_};
    result.connect({boost::asio::ip::address_v4::loopback(), agent_->port()});
    const timeval only_a_defect_waits{20, 0};
    ::setsockopt(result.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &only_a_defect_waits,
                 sizeof only_a_defect_waits);
    return result;
  }

  /// So many bytes, or fewer if the connection is closed before.
  static std::string hear(tcp::socket& from, std::size_t most) {
    std::string all(most, ' ');
    const auto size = ::recv(from.native_handle(), all.data(), most, MSG_WAITALL);
    EXPECT_FALSE(size < 0 && errno == EAGAIN) << "neither a word nor an end";
    all.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return all;
  }

  boost::asio::io_context users_;
  actors::testing::temporary_directory directory_;
  io::io_thread io_;
  std::shared_ptr<testing::reception_record> receptions_
    = std::make_shared<testing::reception_record>();
  std::unique_ptr<actors::testing::live_agent> agent_;
};

TEST_F(LinkAcceptor, GreetsFirst) {
  start(nullptr);
  auto coordinator = connect();
  EXPECT_EQ(hear(coordinator, greeting().size()), greeting());
}

TEST_F(LinkAcceptor, TellsThatAllLinksAreInUseAndCloses) {
  link_acceptor_limits limits;
  limits.links = 0;
  start(nullptr, limits);
  auto coordinator = connect();
  EXPECT_EQ(hear(coordinator, 1000), greeting_when_full(0));
  EXPECT_EQ(agent_->border().tally->open_links(), 0U);
}

TEST_F(LinkAcceptor, ClosedItLetsGoOfThoseWhoProveNothing) {
  const auto store = actors::testing::make_fleet_certificates(directory_.path() / "fleet");
  link_acceptor_limits limits;
  limits.grace = limits.handshake = std::chrono::hours{1};
  start(*make_link_context(actors::testing::host_credentials(store), link_role::agent), limits);
  auto silent = connect();
  auto half = connect();
  half.send(boost::asio::buffer("\x16\x03\x01", 3)); // how a handshake begins
  auto last = connect();
  last.send(boost::asio::buffer("GET / HTTP/1.1\r\n\r\n", 18));
  hear(last, 1000); // until it is turned away: those before it had their turn by then
  agent_ = nullptr;
  EXPECT_EQ(hear(silent, 1), "");
  EXPECT_EQ(hear(half, 1), "");
}

} // namespace
} // namespace link_acceptor_test
} // namespace fleetcast::actors::fleet
