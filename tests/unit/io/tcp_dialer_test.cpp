#include "actors/tls/tcp_dialer.hpp"
#include "tests/unit/io/full_port.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace fleetcast::actors::io {
namespace tcp_dialer_test {
namespace {

using protocol::failure;
using protocol::failure_code;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::full_port;
using tcp = tcp_dialer::tcp;

tcp::endpoint at(std::uint16_t port) {
  return {boost::asio::ip::address_v4::loopback(), port};
}

class TcpDialer : public ::testing::Test {
protected:
  using outcome = tl::expected<tcp::socket, tcp_dialer::unreached>;

  std::shared_ptr<tcp_dialer> make(const tcp_dialer::limits& limits = {hours{1}, hours{1}, {}}) {
    return std::make_shared<tcp_dialer>(io_, target_, limits, [this](outcome got) {
      EXPECT_FALSE(outcome_) << "called twice";
      outcome_.emplace(std::move(got));
    });
  }

  /// Until nothing is under way any more.
  void run() {
    io_.run_for(full_port::patience);
    EXPECT_TRUE(io_.stopped()) << "something is still waited for";
  }

  void dial(const std::vector<tcp::endpoint>& addresses,
            const tcp_dialer::limits& limits = {hours{1}, hours{1}, {}}) {
    make(limits)->start(addresses);
    run();
    ASSERT_TRUE(outcome_);
  }

  /// What went wrong; none: nothing.
  tcp_dialer::unreached wrong() {
    EXPECT_FALSE(*outcome_);
    return *outcome_ ? tcp_dialer::unreached{} : outcome_->error();
  }

  /// Nobody listens there, and nobody else gets it meanwhile.
  tcp::endpoint closed_port() { return bound_.emplace_back(io_, at(0)).local_endpoint(); }

  boost::asio::io_context io_;
  tcp::acceptor server_{io_, at(0)};
  std::vector<tcp::socket> bound_;
  tcp_dialer::target target_{"127.0.0.1", server_.local_endpoint().port(), "a server", nullptr};
  std::optional<outcome> outcome_;
};

TEST_F(TcpDialer, ConnectsAndKeepsTheSocketFromChildren) {
  make()->start();
  run();
  ASSERT_TRUE(outcome_);
  ASSERT_TRUE(*outcome_) << outcome_->error().reason.text;
  EXPECT_EQ((*outcome_)->remote_endpoint(), server_.local_endpoint());
  EXPECT_NE(::fcntl((*outcome_)->native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(TcpDialer, TakesAnIpv6AddressWithItsBrackets) {
  target_.host = "[::1]";
  EXPECT_EQ(make()->name(), "[::1]:" + std::to_string(target_.port));
}

TEST_F(TcpDialer, TellsWhatBecameOfEachAddressAndWhatToLookAt) {
  const auto one = closed_port();
  const auto other = closed_port();
  dial({one, other, one});
  const auto [reason, cause] = wrong();
  EXPECT_EQ(reason.code, failure_code::connection_refused);
  EXPECT_EQ(reason.detail, ECONNREFUSED);
  EXPECT_EQ(cause, boost::asio::error::connection_refused);
  const auto told = [](const tcp::endpoint& address) {
    return "127.0.0.1:" + std::to_string(address.port()) + ": Connection refused";
  };
  EXPECT_EQ(reason.text, "could not connect to 127.0.0.1:" + std::to_string(target_.port) + ": "
                           + told(one) + "; " + told(other)
                           + ". Is `a server` running there, and does its --listen cover this "
                             "address and port?");
}

TEST_F(TcpDialer, GoesOnFromAnAddressThatRefuses) {
  dial({closed_port(), server_.local_endpoint()});
  EXPECT_TRUE(*outcome_);
}

TEST_F(TcpDialer, LeavesAnAddressThatDoesNotAnswer) {
  const full_port silent;
  dial({at(silent.port()), server_.local_endpoint()}, {hours{1}, milliseconds{10}, {}});
  EXPECT_TRUE(*outcome_);
}

TEST_F(TcpDialer, GivesNoAddressTheTimeOfTheOthers) {
  const full_port silent;
  dial({at(silent.port()), server_.local_endpoint()}, {seconds{2}, hours{1}, {}});
  EXPECT_TRUE(*outcome_) << outcome_->error().reason.text;
}

TEST_F(TcpDialer, SharesTheTimeThatIsLeft) {
  constexpr auto share = tcp_dialer::share_of;
  EXPECT_EQ(share(seconds{30}, 16, hours{1}), milliseconds{1875});
  EXPECT_EQ(share(seconds{30}, 2, seconds{3}), seconds{3}) << "no more than one may take";
  EXPECT_EQ(share(seconds{4}, 1, hours{1}), seconds{4});
}

TEST_F(TcpDialer, SaysWhichAddressDoesNotAnswerWhenTheTimeIsOver) {
  const full_port silent;
  dial({at(silent.port())}, {milliseconds{20}, hours{1}, {}});
  const auto [reason, cause] = wrong();
  EXPECT_EQ(reason.code, failure_code::connect_timeout);
  EXPECT_EQ(reason.detail, ETIMEDOUT);
  EXPECT_FALSE(cause);
  EXPECT_NE(reason.text.find("within 0.02 s: 127.0.0.1:" + std::to_string(silent.port())
                             + " does not answer. Is the host up"),
            std::string::npos)
    << reason.text;
}

TEST_F(TcpDialer, SaysThatANameHasNoAddress) {
  dial({});
  EXPECT_EQ(wrong().reason.code, failure_code::name_unresolved);
}

TEST_F(TcpDialer, TriesNoneIfThereIsAnObjectionToOne) {
  target_.objection = [this](const tcp::endpoint& address) {
    return address == server_.local_endpoint() ? failure{}
                                               : failure{failure_code::invalid_request, 0, "no"};
  };
  dial({server_.local_endpoint(), closed_port()});
  EXPECT_EQ(wrong().reason.code, failure_code::invalid_request);
  server_.non_blocking(true);
  boost::system::error_code nobody;
  server_.accept(nobody);
  EXPECT_EQ(nobody, boost::asio::error::would_block);
}

TEST_F(TcpDialer, AbandonedItCallsNobodyAndEnds) {
  const full_port silent;
  const auto dialler = make();
  dialler->start({at(silent.port()), server_.local_endpoint()});
  dialler->abandon();
  run();
  EXPECT_FALSE(outcome_);
}

} // namespace
} // namespace tcp_dialer_test
} // namespace fleetcast::actors::io
