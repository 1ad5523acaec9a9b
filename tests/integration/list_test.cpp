/// What a server offers, over real connections.
#include "actors/receive/object_list.hpp"
#include "actors/serve/directory_provider.hpp"
#include "tests/integration/control_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace fleetcast::actors {
namespace list_test {
namespace {

namespace wire = protocol::wire;
using control_fixture::Control;
using control_fixture::raw_client;
using control_fixture::raw_server;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class List : public Control {
protected:
  list_question to_list(std::string name_space = {}, std::string prefix = {}) const {
    list_question result;
    result.server = "127.0.0.1";
    result.port = port_;
    result.known_servers = (root_ / "known_servers").string();
    result.identity = (root_ / "client" / "identity").string();
    result.name_space = std::move(name_space);
    result.prefix = std::move(prefix);
    return result;
  }

  struct answer {
    failure reason;
    std::vector<std::string> names; ///< sorted
    std::size_t pages = 0;
  };

  answer ask(const list_question& question) const {
    answer result;
    result.reason = list_objects(
      question,
      [&](const wire::listing& page) {
        ++result.pages;
        for (const auto& one : page.entries)
          result.names.push_back(one.name);
        return true;
      },
      limits_);
    std::sort(result.names.begin(), result.names.end());
    return result;
  }

  /// Serves files as a program does.
  void offer_files(int count) {
    std::filesystem::create_directories(root_ / "served");
    for (int i = 0; i < count; ++i)
      std::ofstream{root_ / "served" / std::to_string(10'000 + i)} << i;
    auto made = directory_provider::make({{"lab", (root_ / "served").string()}});
    ASSERT_TRUE(made) << made.error().text;
    catalog_ = *made;
  }

  std::vector<std::string> pinned() const {
    return io::known_servers{(root_ / "known_servers").string()}
      .pinned(io::host_and_port("127.0.0.1", port_))
      .value();
  }
};

TEST_F(List, BringsNamespacesAndObjectsAndPinsTheServer) {
  offer_files(3);
  serve();
  const auto namespaces = ask(to_list());
  EXPECT_FALSE(namespaces.reason) << namespaces.reason.text;
  EXPECT_THAT(namespaces.names, ElementsAre("lab"));
  EXPECT_THAT(pinned(), ElementsAre(identity_->fingerprint()));
  EXPECT_THAT(ask(to_list("lab")).names, ElementsAre("10000", "10001", "10002"));
  EXPECT_THAT(ask(to_list("lab", "10001")).names, ElementsAre("10001"));
  await_fact("listed", "3");
}

TEST_F(List, BringsEveryPage) {
  offer_files(1'200);
  serve();
  const auto found = ask(to_list("lab"));
  EXPECT_FALSE(found.reason) << found.reason.text;
  EXPECT_EQ(found.names.size(), 1'200U);
  EXPECT_GE(found.pages, 3U);
}

TEST_F(List, EndsWhereItIsToldTo) {
  offer_files(1'200);
  serve();
  std::size_t pages = 0;
  const auto reason = list_objects(to_list("lab"), [&](const wire::listing&) {
    ++pages;
    return false;
  });
  EXPECT_FALSE(reason) << reason.text;
  EXPECT_EQ(pages, 1U);
}

TEST_F(List, TellsNothingToWhoIsNotAuthorized) {
  offer_files(1);
  const auto mine = authenticated().second;
  authorize("SHA256:" + std::string(43, 'x'));
  serve();
  auto question = to_list();
  for (const auto* name_space : {"", "lab", "none"}) {
    question.name_space = name_space;
    question.authenticate = false;
    auto found = ask(question);
    EXPECT_EQ(found.reason.code, failure_code::not_authenticated) << found.reason.text;
    EXPECT_THAT(found.names, IsEmpty());
    question.authenticate = true;
    found = ask(question);
    EXPECT_EQ(found.reason.code, failure_code::access_denied) << found.reason.text;
    EXPECT_THAT(found.names, IsEmpty());
  }
  authorize(mine);
  question.name_space = "lab";
  EXPECT_THAT(ask(question).names, ElementsAre("10000"));
}

TEST_F(List, SendsNothingToAServerOfAnotherIdentity) {
  serve();
  const auto other = "SHA256:" + std::string(43, 'x');
  auto given = to_list();
  given.fingerprint = other;
  EXPECT_EQ(ask(given).reason.code, failure_code::identity_changed);
  const io::known_servers known{given.known_servers};
  ASSERT_TRUE(known.check_or_pin(io::host_and_port("127.0.0.1", port_), other));
  auto question = to_list();
  question.authenticate = true;
  EXPECT_EQ(ask(question).reason.code, failure_code::identity_changed);
  await_fact("broken early", "2");
}

TEST_F(List, AsksOnlyKnownServersWhenToldSo) {
  offer_files(1);
  serve();
  auto question = to_list("lab");
  question.only_known = true;
  EXPECT_EQ(ask(question).reason.code, failure_code::identity_changed);
  EXPECT_THAT(pinned(), IsEmpty());
  EXPECT_EQ(fact("accepted"), "0") << "a new server was asked";
  question.only_known = false;
  EXPECT_THAT(ask(question).names, ElementsAre("10000"));
  question.only_known = true;
  EXPECT_THAT(ask(question).names, ElementsAre("10000"));
}

TEST_F(List, SaysOfANamespaceThatItCannotBeListed) {
  serve();
  const auto found = ask(to_list("lab"));
  EXPECT_EQ(found.reason.code, failure_code::not_supported);
  EXPECT_THAT(found.reason.text, HasSubstr("cannot list its namespace"));
}

/// What the release before answers to a kind of message that it does not know.
TEST_F(List, SaysThatAServerIsTooOld) {
  raw_server old{*identity_, wire::encode(wire::server_message{wire::session_reject{
                               {failure_code::invalid_request, 0, "its kind, 4, is not known"}}})};
  port_ = old.port();
  limits_.close = milliseconds{50}; // this one says no farewell
  const auto found = ask(to_list());
  EXPECT_EQ(found.reason.code, failure_code::unsupported_version);
  EXPECT_THAT(found.reason.text, HasSubstr("is too old to list"));
}

TEST_F(List, AServerThatDoesNotAnswerIsGivenUp) {
  raw_server mute{*identity_, {}};
  port_ = mute.port();
  limits_.reply = milliseconds{50};
  EXPECT_EQ(ask(to_list()).reason.code, failure_code::connect_timeout);
}

TEST_F(List, EndsOnAnAnswerThatIsNoMessage) {
  raw_server hostile{*identity_,
                     control_fixture::framed(16, wire::message_bytes(16, std::byte{0xff}))};
  port_ = hostile.port();
  limits_.close = milliseconds{50};
  EXPECT_EQ(ask(to_list()).reason.code, failure_code::invalid_request);
}

TEST_F(List, AClientThatStaysIsSentAway) {
  limits_.linger = milliseconds{50};
  serve();
  raw_client client{port_};
  ASSERT_FALSE(client.shake_hands());
  client.send(wire::encode(wire::client_message{wire::list_request{}}));
  const auto page = client.receive();
  ASSERT_TRUE(page && std::holds_alternative<wire::listing>(*page));
  EXPECT_FALSE(std::get<wire::listing>(*page).entries.at(0).is_listable);
  EXPECT_FALSE(client.receive()) << "something else came";
  await_fact("listed", "1");
}

TEST_F(List, TakesNoPlaceOfThoseThatJoin) {
  limits_.pending = 1;
  serve();
  raw_client client{port_};
  ASSERT_FALSE(client.shake_hands());
  client.send(wire::encode(wire::client_message{wire::list_request{}}));
  ASSERT_TRUE(client.receive());
  expect_service();
}

} // namespace
} // namespace list_test
} // namespace fleetcast::actors
