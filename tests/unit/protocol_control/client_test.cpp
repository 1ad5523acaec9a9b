#include "protocol/control/client.hpp"
#include "protocol/wire/control_codec.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol::control {
namespace client_test {
namespace {

class ControlClient : public ::testing::Test {
protected:
  static client::question question(std::string fingerprint = {}) {
    client::question result;
    result.server = "server:5040";
    result.fingerprint = std::move(fingerprint);
    result.request = wire::samples::request();
    return result;
  }

  static std::vector<std::byte> body_of(const wire::server_message& message) {
    const auto framed = wire::encode(message);
    return {framed.begin() + 4, framed.end()};
  }

  wire::session_accept accept() const {
    auto result = wire::samples::accept();
    result.signing_key = peer_.key;
    return result;
  }

  /// Of this kind among the orders that are left, the last one.
  template <class Order>
  std::optional<Order> last(client& one) {
    std::optional<Order> result;
    while (auto order = one.next_order())
      if (auto* found = std::get_if<Order>(&*order))
        result = *found;
    return result;
  }

  failure end_of(client& one) {
    const auto report = last<client::closed>(one);
    return report ? report->reason : failure{failure_code::internal, 0, "no report"};
  }

  client asking() {
    client one{question()};
    one.on_ready(peer_);
    one.on_verdict({});
    while (one.next_order())
      continue;
    return one;
  }

  client::peer_identity peer_{"SHA256:the-server", {std::byte{7}}};
};

TEST_F(ControlClient, SendsNothingToAServerOfAnotherIdentity) {
  client one{question("SHA256:another")};
  one.on_ready(peer_);
  EXPECT_FALSE(last<wire::client_message>(one));
  EXPECT_EQ(one.where(), client::phase::closing);
}

TEST_F(ControlClient, SendsNothingBeforeTheIdentityIsLookedUp) {
  client one{question()};
  one.on_ready(peer_);
  EXPECT_TRUE(last<client::look_up>(one));
  one.on_verdict({failure_code::identity_changed, 0, "another"});
  EXPECT_EQ(end_of(one).code, failure_code::identity_changed);
}

TEST_F(ControlClient, AsksOnceItIsTheRightServer) {
  client one{question()};
  one.on_ready(peer_);
  one.on_verdict({});
  EXPECT_TRUE(last<wire::client_message>(one));
  EXPECT_EQ(one.where(), client::phase::asking);
}

TEST_F(ControlClient, RefusesAWayToSealThatItDidNotOffer) {
  auto one = asking();
  auto other = accept();
  other.suite = wire::seal_suite::none;
  one.on_message(body_of(other));
  EXPECT_EQ(end_of(one).code, failure_code::handshake_failed);
}

TEST_F(ControlClient, RefusesAnotherKeyThanThatOfTheIdentity) {
  auto one = asking();
  auto other = accept();
  other.signing_key = {std::byte{8}};
  one.on_message(body_of(other));
  EXPECT_EQ(end_of(one).code, failure_code::signature_invalid);
}

TEST_F(ControlClient, TakesNoSecondAccept) {
  auto one = asking();
  one.on_message(body_of(accept()));
  EXPECT_EQ(one.where(), client::phase::joined);
  one.on_message(body_of(accept()));
  EXPECT_EQ(end_of(one).code, failure_code::connection_lost);
}

TEST_F(ControlClient, TakesNothingOfASessionBeforeItJoined) {
  for (const auto& message : std::vector<wire::server_message>{
         wire::receipt_noted{}, wire::feedback_state{}, wire::samples::fetched_unavailable()}) {
    auto one = asking();
    one.on_message(body_of(message));
    EXPECT_EQ(one.where(), client::phase::closing);
    EXPECT_EQ(end_of(one).code, failure_code::connection_lost);
  }
}

TEST_F(ControlClient, EndsWellWhenTheConnectionEndsAfterTheNotedReceipt) {
  auto one = asking();
  one.on_message(body_of(accept()));
  one.on_message(body_of(wire::receipt_noted{}));
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  EXPECT_FALSE(end_of(one));
}

TEST_F(ControlClient, ReportsNothingOnceItIsStopped) {
  auto one = asking();
  one.stop();
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  EXPECT_FALSE(last<client::closed>(one));
}

} // namespace
} // namespace client_test
} // namespace fleetcast::protocol::control
