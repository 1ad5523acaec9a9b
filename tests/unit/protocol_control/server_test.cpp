#include "protocol/control/server.hpp"
#include "protocol/wire/control_codec.hpp"
#include "tests/unit/wire/sample_messages.hpp"

#include <gtest/gtest.h>

namespace fleetcast::protocol::control {
namespace server_test {
namespace {

class ControlServer : public ::testing::Test {
protected:
  static std::vector<std::byte> body_of(const wire::client_message& message) {
    const auto framed = wire::encode(message);
    return {framed.begin() + 4, framed.end()};
  }

  template <class Order>
  std::vector<Order> all(server& one) {
    std::vector<Order> result;
    while (auto order = one.next_order())
      if (auto* found = std::get_if<Order>(&*order))
        result.push_back(*found);
    return result;
  }

  server joining() {
    server one{"10.0.0.2:40000"};
    one.on_ready();
    one.on_message(body_of(wire::samples::request()));
    return one;
  }

  server joined() {
    auto one = joining();
    one.on_opened();
    one.on_joined({});
    all<server::receive>(one);
    return one;
  }
};

TEST_F(ControlServer, OpensJoinsAndAccepts) {
  auto one = joining();
  EXPECT_EQ(all<server::open>(one).size(), 1U);
  one.on_opened();
  EXPECT_EQ(all<server::join>(one).size(), 1U);
  one.on_joined({});
  EXPECT_EQ(all<wire::server_message>(one).size(), 1U);
  EXPECT_EQ(one.where(), server::phase::joined);
  EXPECT_TRUE(one.validate());
}

TEST_F(ControlServer, JoinsOnceHoweverOftenItIsOpened) {
  auto one = joining();
  one.on_opened();
  one.on_opened();
  EXPECT_EQ(all<server::join>(one).size(), 1U);
}

TEST_F(ControlServer, TellsTheTransmissionOfAClientThatWentWhileItJoined) {
  auto one = joining();
  one.on_opened();
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  one.on_joined({});
  EXPECT_EQ(all<server::left>(one).size(), 1U);
}

TEST_F(ControlServer, TellsTheTransmissionOnceThatItsClientLeft) {
  auto one = joined();
  one.on_message(body_of(wire::leave{{failure_code::cancelled, 0, "cancelled"}}));
  one.on_broken({});
  EXPECT_EQ(all<server::left>(one).size(), 1U);
  EXPECT_EQ(one.how(), outcome::left);
}

TEST_F(ControlServer, SaysNothingMoreOfAClientWhoseReceiptCame) {
  auto one = joined();
  one.on_message(body_of(wire::samples::sample_receipt()));
  EXPECT_EQ(all<wire::receipt>(one).size(), 1U);
  one.on_broken({failure_code::connection_lost, 0, "reset"});
  EXPECT_EQ(all<server::left>(one).size(), 0U);
  EXPECT_EQ(one.how(), outcome::completed);
}

TEST_F(ControlServer, EndsTheConnectionOfAClientThatSaysThingsOutOfOrder) {
  for (const auto& message :
       {wire::client_message{wire::samples::sample_receipt()}, wire::client_message{wire::leave{}},
        wire::client_message{wire::fetch{.block = 1, .manifest = true}}}) {
    server one{"10.0.0.2:40000"};
    one.on_ready();
    one.on_message(body_of(message));
    EXPECT_EQ(one.how(), outcome::malformed);
    EXPECT_EQ(all<server::close>(one).size(), 1U);
  }
  auto twice = joined();
  twice.on_message(body_of(wire::samples::request()));
  EXPECT_EQ(all<server::left>(twice).size(), 1U);
  EXPECT_EQ(twice.how(), outcome::malformed);
}

TEST_F(ControlServer, RefusesAnotherVersionOfTheProtocol) {
  server one{"10.0.0.2:40000"};
  one.on_ready();
  auto other = wire::samples::request();
  other.version = wire::protocol_version + 1;
  one.on_message(body_of(other));
  EXPECT_EQ(all<server::refused>(one).size(), 1U);
  EXPECT_EQ(one.how(), outcome::rejected);
}

TEST_F(ControlServer, SendsFeedbackStatesOnlyToThoseThatTakeThem) {
  auto one = joined();
  one.say(wire::feedback_state{1000, 0});
  EXPECT_EQ(all<wire::server_message>(one).size(), 0U);
}

} // namespace
} // namespace server_test
} // namespace fleetcast::protocol::control
