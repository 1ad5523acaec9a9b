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

  server listing() {
    server one{"10.0.0.2:40000"};
    one.on_ready();
    one.on_message(body_of(wire::samples::sample_list_request()));
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

// -- lists ----------------------------------------------------------------------------------------

TEST_F(ControlServer, ListsPageAfterPage) {
  auto one = listing();
  for (int page = 0; page < 3; ++page) {
    EXPECT_EQ(all<server::list>(one).size(), 1U);
    one.on_listed(wire::samples::sample_listing());
    EXPECT_EQ(one.where(), server::phase::listed);
    EXPECT_TRUE(one.validate());
    one.on_message(body_of(wire::samples::sample_list_request()));
  }
  one.on_listed({});
  one.on_broken({});
  EXPECT_EQ(one.how(), outcome::listed);
}

TEST_F(ControlServer, AListIsSentThenTheNextRequestIsAwaitedButNotForEver) {
  auto one = listing();
  all<server::list>(one);
  one.on_listed({});
  std::vector<std::size_t> kinds;
  while (auto order = one.next_order())
    kinds.push_back(order->index());
  EXPECT_EQ(kinds, (std::vector<std::size_t>{server::order{wire::server_message{}}.index(),
                                             server::order{server::limit_linger{}}.index(),
                                             server::order{server::receive{}}.index()}));
}

/// What was asked for frees the place of a connection that has not asked, and ends its limit of time.
TEST_F(ControlServer, ARequestToListIsARequest) {
  auto one = listing();
  EXPECT_EQ(all<server::has_request>(one).size(), 1U);
  EXPECT_EQ(one.object(), "lab/images/deb");
  EXPECT_EQ(one.host_name(), "host-17");
}

TEST_F(ControlServer, ARefusedListEndsTheConnection) {
  auto one = listing();
  all<server::list>(one);
  one.refuse({failure_code::access_denied, 0, "not for you"});
  const auto told = all<wire::server_message>(one);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::session_reject>(told[0]));
  EXPECT_EQ(one.how(), outcome::rejected);
  one.on_listed({});
  EXPECT_EQ(all<wire::server_message>(one).size(), 0U) << "a page after the refusal";
}

TEST_F(ControlServer, WhoListsDoesNothingElse) {
  for (const auto& message :
       {wire::client_message{wire::samples::request()},
        wire::client_message{wire::samples::sample_receipt()}, wire::client_message{wire::leave{}},
        wire::client_message{wire::fetch{.block = 1, .manifest = true}}}) {
    auto one = listing();
    one.on_listed({});
    one.on_message(body_of(message));
    EXPECT_EQ(one.how(), outcome::malformed);
    EXPECT_EQ(all<server::close>(one).size(), 1U);
  }
  auto impatient = listing();
  impatient.on_message(body_of(wire::samples::sample_list_request()));
  EXPECT_EQ(impatient.how(), outcome::malformed) << "before the page came";
  auto receiving = joined();
  receiving.on_message(body_of(wire::samples::sample_list_request()));
  EXPECT_EQ(receiving.how(), outcome::malformed);
}

TEST_F(ControlServer, ListsInItsOwnVersionOnly) {
  server one{"10.0.0.2:40000"};
  one.on_ready();
  auto other = wire::samples::sample_list_request();
  other.version = wire::protocol_version + 1;
  one.on_message(body_of(other));
  EXPECT_EQ(all<server::refused>(one).size(), 1U);
  EXPECT_EQ(one.how(), outcome::rejected);
}

TEST_F(ControlServer, SendsFeedbackStatesOnlyToThoseThatTakeThem) {
  auto one = joined();
  one.send(wire::feedback_state{1000, 0});
  EXPECT_EQ(all<wire::server_message>(one).size(), 0U);
}

} // namespace
} // namespace server_test
} // namespace fleetcast::protocol::control
