/// What a coordinator hears of hosts that it cannot reach, over real sockets on the loopback interface.
#include "actors/fleet/link_greeting.hpp"
#include "actors/fleet/link_network.hpp"
#include "actors/io/io_thread.hpp"
#include "tests/support/live_fleet.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace fleetcast::actors::fleet {
namespace link_network_test {
namespace {

namespace asio = boost::asio;

using asio::ip::tcp;
using protocol::failure_code;

class LinkNetwork : public ::testing::Test {
protected:
  ~LinkNetwork() override {
    if (network_)
      network_->close();
  }

  void dial(const fleet_host& host) {
    network_->dial(host, 7, caf::actor_cast<link_sink_actor>(caf::actor{self_}));
  }

  link_failed hear() {
    std::optional<link_failed> heard;
    self_->receive([&](const link_failed& failed) { heard = failed; },
                   [](const link_up&) { ADD_FAILURE() << "reached"; },
                   caf::after(std::chrono::seconds{20}) >> [] { ADD_FAILURE() << "no word"; });
    return heard.value_or(link_failed{});
  }

  fleet_host host() const { return {"127.0.0.1", server_.local_endpoint().port()}; }

  asio::io_context users_;
  tcp::acceptor server_{users_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  io::io_thread io_;
  actors::testing::live_node node_{io_};
  std::shared_ptr<link_network> network_
    = std::make_shared<link_network>(node_.system(), io_, nullptr);
  caf::scoped_actor self_{node_.system()};
};

TEST_F(LinkNetwork, SaysThatNobodyListens) {
  const tcp::socket only_bound{users_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  dial({"127.0.0.1", only_bound.local_endpoint().port()});
  const auto failed = hear();
  EXPECT_EQ(failed.host, 7U);
  EXPECT_EQ(failed.reason.code, failure_code::connection_refused);
  EXPECT_EQ(failed.reason.detail, ECONNREFUSED);
  EXPECT_EQ(failed.later, campaign::prospect::open) << "an agent may start";
  EXPECT_NE(failed.reason.text.find("Is `fleetcast agent` running there"), std::string::npos)
    << failed.reason.text;
}

TEST_F(LinkNetwork, DialsNoOtherHostWithoutCertificates) {
  dial({"192.0.2.1", 5045});
  const auto failed = hear();
  EXPECT_EQ(failed.reason.code, failure_code::invalid_request);
  EXPECT_NE(failed.reason.text.find("without certificates"), std::string::npos);
}

TEST_F(LinkNetwork, TellsWhichAgentSaysNonsense) {
  dial(host());
  auto agent = server_.accept();
  asio::write(agent, asio::buffer(std::string(longest_greeting, 'x')));
  const auto failed = hear();
  EXPECT_EQ(failed.reason.code, failure_code::handshake_failed);
  EXPECT_EQ(failed.reason.text.rfind("the agent at 127.0.0.1 port " + std::to_string(host().port)),
            0U)
    << failed.reason.text;
}

TEST_F(LinkNetwork, NoticesAnAgentThatClosesInItsGreeting) {
  dial(host());
  auto agent = server_.accept();
  asio::write(agent, asio::buffer(greeting().substr(0, longest_greeting / 8)));
  agent.close();
  EXPECT_EQ(hear().reason.code, failure_code::handshake_failed);
}

TEST_F(LinkNetwork, ClosedItGivesUpWhatIsUnderWayAndDialsNoMore) {
  dial(host());
  auto agent = server_.accept(); // which says nothing
  network_->close();
  EXPECT_EQ(hear().reason.code, failure_code::cancelled);
  dial(host());
  EXPECT_EQ(hear().reason.code, failure_code::cancelled);
  network_ = nullptr;
}

} // namespace
} // namespace link_network_test
} // namespace fleetcast::actors::fleet
