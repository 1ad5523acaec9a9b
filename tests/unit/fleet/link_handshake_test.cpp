/// Both ends of a link before the actor network sees it, against peers that do not keep to the rules.
#include "actors/fleet/link_greeting.hpp"
#include "actors/fleet/link_handshake.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace fleetcast::actors::fleet {
namespace link_handshake_test {
namespace {

namespace asio = boost::asio;

using asio::ip::tcp;
using protocol::failure_code;
using std::chrono::hours;
using std::chrono::milliseconds;

class LinkHandshake : public ::testing::Test {
protected:
  using outcome = link_handshake::result;

  LinkHandshake() {
    tcp::acceptor listener{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    ours_.connect(listener.local_endpoint());
    listener.accept(theirs_);
  }

  /// A coordinator that calls the other end by this name.
  std::shared_ptr<link_handshake> coordinator(const std::string& host = "127.0.0.1") {
    return std::make_shared<link_handshake>(std::move(ours_), context_, host);
  }

  std::shared_ptr<link_handshake> agent(tcp::socket& socket) {
    return std::make_shared<link_handshake>(std::move(socket), context_, [] { return greeting(); });
  }

  void start(const std::shared_ptr<link_handshake>& which, std::optional<outcome>& into,
             milliseconds limit = hours{1}) {
    which->start(limit, [&into](outcome got) {
      EXPECT_FALSE(into) << "called twice";
      into.emplace(std::move(got));
    });
  }

  /// Until nothing is under way any more.
  void run() {
    io_.run_for(std::chrono::seconds{20});
    EXPECT_TRUE(io_.stopped()) << "something is still waited for";
  }

  /// Why it does not become a link.
  unopened refusal(const std::shared_ptr<link_handshake>& which, milliseconds limit = hours{1}) {
    std::optional<outcome> got;
    start(which, got, limit);
    run();
    EXPECT_TRUE(got);
    EXPECT_FALSE(got && *got) << "it opened";
    return got && !*got ? got->error() : unopened{};
  }

  void they_say(const std::string& text) { asio::write(theirs_, asio::buffer(text)); }

  void they_reset() {
    theirs_.set_option(asio::socket_base::linger{true, 0});
    theirs_.close();
  }

  static bool has(const unopened& refused, const std::string& text) {
    return refused.reason.text.find(text) != std::string::npos;
  }

  asio::io_context io_;
  link_context context_; ///< null: without TLS
  tcp::socket ours_{io_};
  tcp::socket theirs_{io_};
};

// -- without TLS ----------------------------------------------------------------------------------

TEST_F(LinkHandshake, TakesTheGreetingAndNothingBehindIt) {
  they_say(greeting() + "frames");
  std::optional<outcome> got;
  start(coordinator(), got);
  run();
  ASSERT_TRUE(got && *got);
  std::string rest(6, ' ');
  asio::read((*got)->socket, asio::buffer(rest));
  EXPECT_EQ(rest, "frames");
  EXPECT_EQ((*got)->tls, nullptr);
}

TEST_F(LinkHandshake, GreetsACoordinator) {
  std::optional<outcome> got;
  start(agent(ours_), got);
  run();
  ASSERT_TRUE(got && *got);
  std::string line(greeting().size(), ' ');
  asio::read(theirs_, asio::buffer(line));
  EXPECT_EQ(line, greeting());
}

TEST_F(LinkHandshake, TakesGarbageForNoAgent) {
  they_say("HTTP/1.1 400 Bad Request\r\n");
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::handshake_failed);
  EXPECT_TRUE(has(refused, "does not speak as an agent")) << refused.reason.text;
}

TEST_F(LinkHandshake, ReadsALineWithoutEndNoFurtherThanAGreeting) {
  they_say(std::string(10'000, 'x'));
  EXPECT_TRUE(has(refusal(coordinator()), "does not speak as an agent"));
}

TEST_F(LinkHandshake, TakesHalfAGreetingForNone) {
  they_say(greeting().substr(0, greeting().size() / 2));
  theirs_.close();
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::handshake_failed);
  EXPECT_EQ(refused.reason.detail, 0U);
  EXPECT_TRUE(has(refused, "the connection was closed")) << refused.reason.text;
}

TEST_F(LinkHandshake, TellsWhatTheSystemSaysOfABrokenConnection) {
  they_reset();
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::handshake_failed);
  EXPECT_EQ(refused.reason.detail, ECONNRESET);
  EXPECT_TRUE(has(refused, "Connection reset by peer")) << refused.reason.text;
}

TEST_F(LinkHandshake, WaitsForAPeerThatNeverAnswersNoLongerThanItMay) {
  const auto refused = refusal(coordinator(), milliseconds{1});
  EXPECT_EQ(refused.reason.code, failure_code::connect_timeout);
  EXPECT_TRUE(has(refused, "within 1 ms; does it expect TLS")) << refused.reason.text;
}

TEST_F(LinkHandshake, DoesNotBeginOnASocketThatIsNone) {
  ours_.close();
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::network_fault);
  EXPECT_EQ(refused.reason.detail, EBADF);
}

TEST_F(LinkHandshake, AbandonedItSaysWhy) {
  const auto one = coordinator();
  std::optional<outcome> got;
  start(one, got);
  one->abandon({failure_code::cancelled, 0, "given up"});
  run();
  ASSERT_TRUE(got && !*got);
  EXPECT_EQ(got->error().reason.text, "given up");
}

// -- with TLS -------------------------------------------------------------------------------------

class LinkHandshakeOverTls : public LinkHandshake {
protected:
  void be(link_role role) {
    const auto files
      = role == link_role::agent ? actors::testing::host_credentials(store_) : store_.coordinator();
    context_ = *make_link_context(files, role);
  }

  actors::testing::temporary_directory directory_;
  certificate_store store_ = actors::testing::make_fleet_certificates(directory_.path() / "fleet");
};

TEST_F(LinkHandshakeOverTls, OpensWhereEachEndIsWhoItShouldBe) {
  std::optional<outcome> at_coordinator;
  std::optional<outcome> at_agent;
  be(link_role::coordinator);
  start(coordinator(), at_coordinator);
  be(link_role::agent);
  start(agent(theirs_), at_agent);
  run();
  ASSERT_TRUE(at_coordinator && *at_coordinator) << at_coordinator->error().reason.text;
  ASSERT_TRUE(at_agent && *at_agent) << at_agent->error().reason.text;
  EXPECT_EQ((*at_coordinator)->peer, "127.0.0.1");
  EXPECT_NE((*at_agent)->tls, nullptr);
}

TEST_F(LinkHandshakeOverTls, TellsACertificateForAnotherNameFromOtherFailures) {
  std::optional<outcome> at_coordinator;
  std::optional<outcome> at_agent;
  be(link_role::coordinator);
  start(coordinator("localhost"), at_coordinator);
  be(link_role::agent);
  start(agent(theirs_), at_agent);
  run();
  ASSERT_TRUE(at_coordinator && !*at_coordinator);
  EXPECT_TRUE(at_coordinator->error().is_for_another_name);
  EXPECT_EQ(at_coordinator->error().reason.code, failure_code::handshake_failed);
  EXPECT_EQ(at_coordinator->error().reason.detail, 0U);
  ASSERT_TRUE(at_agent && !*at_agent);
  EXPECT_FALSE(at_agent->error().is_for_another_name);
}

TEST_F(LinkHandshakeOverTls, TakesGarbageForNoAgent) {
  be(link_role::coordinator);
  they_say(std::string(4096, 'x'));
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::handshake_failed);
  EXPECT_FALSE(refused.is_for_another_name);
  EXPECT_TRUE(has(refused, "the TLS handshake failed")) << refused.reason.text;
}

TEST_F(LinkHandshakeOverTls, TakesGarbageForNoCoordinator) {
  be(link_role::agent);
  they_say(std::string(4096, 'x'));
  EXPECT_TRUE(has(refusal(agent(ours_)), "the TLS handshake failed"));
}

TEST_F(LinkHandshakeOverTls, NoticesAPeerThatClosesInTheHandshake) {
  be(link_role::coordinator);
  theirs_.shutdown(tcp::socket::shutdown_send);
  const auto refused = refusal(coordinator());
  EXPECT_EQ(refused.reason.code, failure_code::handshake_failed);
  EXPECT_TRUE(has(refused, "the TLS handshake failed")) << refused.reason.text;
}

TEST_F(LinkHandshakeOverTls, TellsWhatTheSystemSaysOfABrokenConnection) {
  be(link_role::agent);
  they_reset();
  const auto refused = refusal(agent(ours_));
  EXPECT_EQ(refused.reason.detail, ECONNRESET);
  EXPECT_TRUE(has(refused, "Connection reset by peer")) << refused.reason.text;
}

TEST_F(LinkHandshakeOverTls, WaitsForAPeerThatNeverAnswersNoLongerThanItMay) {
  be(link_role::agent);
  const auto refused = refusal(agent(ours_), milliseconds{1});
  EXPECT_EQ(refused.reason.code, failure_code::connect_timeout);
  EXPECT_TRUE(has(refused, "within 1 ms; is it overloaded")) << refused.reason.text;
}

} // namespace
} // namespace link_handshake_test
} // namespace fleetcast::actors::fleet
