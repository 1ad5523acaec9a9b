/// A receive session whose server goes away and comes back.
#include "actors/receive/session.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::actors::testing {
namespace session_reconnection_test {
namespace {

namespace wire = protocol::wire;
using protocol::milliseconds;
using protocol::seconds;
using strings = std::vector<std::string>;
using tags = std::vector<std::uint32_t>;

constexpr std::uint64_t object_size = 12345;
const failure lost{failure_code::connection_lost, 0, "reset by peer"};

server_accepted accepted_as(std::uint32_t tag, std::uint64_t size = object_size) {
  auto result = accepted(size);
  result.accept.session_tag = tag;
  return result;
}

class SessionReconnection : public ::testing::Test {
protected:
  SessionReconnection() {
    consumer = world.system().spawn(recording_consumer, heard);
    receive_request request;
    request.server = "server.example";
    request.name_space = "lab";
    request.object = "image";
    request.patience = seconds(60);
    session = world.system().spawn(receive_session, request, consumer, scripted_parts(parts),
                                   session_id{1});
    world.run();
    world.tell(session, accepted_as(1));
    progress(5);
  }

  ~SessionReconnection() override {
    end_session(world, *parts);
    world.kill(consumer);
  }

  void progress(std::uint32_t blocks) {
    receive_summary summary;
    summary.object_size = object_size;
    summary.total_blocks = 13;
    summary.completed_blocks = blocks;
    summary.statistics.bytes = blocks * 1000;
    world.tell(session, session_progress{summary});
  }

  void lose() { world.tell(session, server_left{lost}); }

  /// Until it asks again, which it does within a fifth of a second the first time.
  void ask_again() { world.pass(milliseconds(200)); }

  void come_back(std::uint32_t tag) {
    ask_again();
    world.tell(session, accepted_as(tag));
  }

  std::string state() { return world.status(session).state; }

  void expect_failed(failure_code code, const std::string& text) {
    ASSERT_EQ(heard->finished.size(), 1U);
    EXPECT_EQ(heard->finished.front().reason.code, code) << heard->finished.front().reason.text;
    EXPECT_NE(heard->finished.front().reason.text.find(text), std::string::npos)
      << heard->finished.front().reason.text;
    EXPECT_TRUE(has_ended(session));
    EXPECT_TRUE(has_ended(parts->link));
    EXPECT_TRUE(has_ended(parts->receiving.reassembly));
    EXPECT_TRUE(has_ended(parts->receiving.reader));
  }

  scripted_world world;
  std::shared_ptr<consumer_record> heard = std::make_shared<consumer_record>();
  std::shared_ptr<receive_parts_record> parts = std::make_shared<receive_parts_record>();
  consumer_actor consumer;
  receive_session_actor session;
};

TEST_F(SessionReconnection, AsksAgainAndGoesOnWithTheNextTransmission) {
  EXPECT_FALSE(parts->asked.front().resumes);
  const auto first_link = parts->link;
  const auto first_reader = parts->receiving.reader;
  lose();
  EXPECT_EQ(state(), "waiting for the server");
  EXPECT_TRUE(heard->latest.waits_for_server);
  EXPECT_TRUE(has_ended(first_link));
  EXPECT_FALSE(has_ended(first_reader)) << "the group may still be heard";
  ask_again();
  ASSERT_EQ(parts->asked.size(), 2U);
  EXPECT_TRUE(parts->asked[1].resumes);
  EXPECT_EQ(parts->transmissions, tags{});
  world.tell(session, accepted_as(2));
  EXPECT_EQ(state(), "receiving");
  EXPECT_EQ(parts->transmissions, tags{2});
  EXPECT_TRUE(has_ended(first_reader));
  EXPECT_FALSE(has_ended(parts->receiving.reader));
  EXPECT_FALSE(heard->latest.waits_for_server);
  EXPECT_EQ(heard->latest.reconnections, 1U);
  EXPECT_EQ(heard->latest.completed_blocks, 5U);
  EXPECT_EQ(heard->order, (strings{"started"})) << "the consumer sees a pause";
}

TEST_F(SessionReconnection, TheReceiptGoesToTheServerThatIsBack) {
  lose();
  come_back(2);
  receive_summary summary;
  summary.object_size = object_size;
  world.tell(session, reassembly_finished{summary});
  world.tell(session, delivery_finished{});
  world.tell(session, consumption_finished{true});
  ASSERT_EQ(parts->said.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::receipt>(parts->said.front()));
  ASSERT_EQ(heard->finished.size(), 1U);
  EXPECT_FALSE(heard->finished.front().reason);
  EXPECT_EQ(heard->finished.front().summary.reconnections, 1U);
}

TEST_F(SessionReconnection, GoesOnHearingTheGroupMeanwhileAndMayBeDoneByThat) {
  lose();
  progress(9);
  EXPECT_EQ(heard->latest.completed_blocks, 9U);
  EXPECT_TRUE(heard->latest.waits_for_server);
  world.tell(session, reassembly_finished{});
  world.tell(session, delivery_finished{});
  ASSERT_EQ(heard->finished.size(), 1U);
  EXPECT_FALSE(heard->finished.front().reason) << heard->finished.front().reason.text;
  EXPECT_TRUE(has_ended(session)) << "there is nobody to give a receipt to";
}

TEST_F(SessionReconnection, GivesUpWhenItsPatienceIsOver) {
  lose();
  for (int i = 0; i < 1000 && heard->finished.empty(); ++i) {
    world.pass(milliseconds(100));
    if (parts->link && !has_ended(parts->link))
      world.tell(session, server_left{{failure_code::connection_refused, 111, "nobody listens"}});
  }
  expect_failed(failure_code::connection_refused, "after 60.0 s of waiting for the server");
  EXPECT_GE(parts->asked.size(), 12U);
}

TEST_F(SessionReconnection, EndsAtOnceWhenTheServerThatIsBackRefuses) {
  lose();
  ask_again();
  world.tell(session, server_left{{failure_code::object_not_found, 2, "no such object"}});
  expect_failed(failure_code::object_not_found, "no such object");
}

TEST_F(SessionReconnection, EndsAtOnceWhenTheServerSentItAway) {
  world.tell(session, server_left{{failure_code::kicked_abort, 0, "do not come back"}});
  expect_failed(failure_code::kicked_abort, "do not come back");
  EXPECT_EQ(parts->asked.size(), 1U);
}

TEST_F(SessionReconnection, EndsWhenTheObjectHasAnotherSizeNow) {
  lose();
  ask_again();
  world.tell(session, accepted_as(2, object_size + 1));
  expect_failed(failure_code::object_changed, "12346 bytes now, and had 12345");
  ASSERT_FALSE(parts->said.empty());
  EXPECT_TRUE(std::holds_alternative<wire::leave>(parts->said.back()));
}

TEST_F(SessionReconnection, AGroupThatFallsSilentMakesItAskAgain) {
  world.tell(session, reassembly_failed{{failure_code::sender_silent, 0, "nothing heard"}});
  EXPECT_EQ(state(), "waiting for the server");
  ASSERT_EQ(parts->said.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::leave>(parts->said.front()));
  come_back(2);
  EXPECT_EQ(parts->transmissions, tags{2});
}

TEST_F(SessionReconnection, AGroupOfWhichNothingCameDoesNot) {
  progress(0);
  world.tell(session, reassembly_failed{{failure_code::network_fault, 0, "packets too large"}});
  expect_failed(failure_code::network_fault, "packets too large");
  EXPECT_EQ(parts->asked.size(), 1U);
}

TEST_F(SessionReconnection, AGroupWhoseDigestsProvedAnOlderCopyMakesItAskAgain) {
  receive_summary summary;
  summary.completed_blocks = 5;
  summary.statistics.bytes_proven = 5000;
  world.tell(session, session_progress{summary});
  world.tell(session, reassembly_failed{{failure_code::sender_silent, 0, "nothing heard"}});
  EXPECT_EQ(state(), "waiting for the server");
}

TEST_F(SessionReconnection, ItsEndWhileItWaitsIsItsConsumersChoice) {
  lose();
  world.tell(session, cancel_atom::value, failure{failure_code::cancelled, 7, "enough"});
  expect_failed(failure_code::cancelled, "enough");
}

TEST_F(SessionReconnection, IgnoresWhatItsEarlierLinkStillSays) {
  const auto first_link = parts->link;
  lose();
  come_back(2);
  caf::send_as(caf::actor_cast<caf::actor>(first_link), session, server_left{lost});
  world.run();
  EXPECT_EQ(state(), "receiving");
  world.tell(session, reassembly_finished{});
  world.tell(session, delivery_finished{});
  world.tell(session, consumption_finished{true});
  caf::send_as(caf::actor_cast<caf::actor>(first_link), session, receipt_confirmed{});
  world.run();
  EXPECT_EQ(state(), "receipting") << "the server that is back has not noted it";
}

TEST_F(SessionReconnection, TriesAgainWhenItCannotListenYet) {
  lose();
  parts->refuses_to_receive_again = {failure_code::network_fault, 19, "no such interface"};
  come_back(2);
  EXPECT_EQ(state(), "waiting for the server");
  parts->refuses_to_receive_again = {};
  world.pass(milliseconds(400));
  world.tell(session, accepted_as(3));
  EXPECT_EQ(parts->transmissions, tags{3});
}

TEST_F(SessionReconnection, WaitsForNoServerThatSignsNothing) {
  const auto careless = std::make_shared<receive_parts_record>();
  const auto other = std::make_shared<consumer_record>();
  const auto listener = world.system().spawn(recording_consumer, other);
  receive_request request;
  request.patience = seconds(60);
  const auto unverified = world.system().spawn(receive_session, request, listener,
                                               scripted_parts(careless), session_id{2});
  world.run();
  auto link = accepted(object_size);
  link.accept.unverified = true;
  world.tell(unverified, link);
  world.tell(unverified, server_left{lost});
  EXPECT_EQ(other->finished.size(), 1U) << "what came could not be proven again";
  end_session(world, *careless);
  world.kill(listener);
}

} // namespace
} // namespace session_reconnection_test
} // namespace fleetcast::actors::testing
