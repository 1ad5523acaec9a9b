#include "actors/observe/event_log.hpp"
#include "actors/receive/session.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::actors::testing {
namespace receive_session_test {
namespace {

namespace asio = boost::asio;
namespace wire = protocol::wire;
using protocol::milliseconds;
using protocol::seconds;
using strings = std::vector<std::string>;

constexpr std::uint64_t object_size = 12345;

class ReceiveSession : public ::testing::Test {
protected:
  ReceiveSession() {
    consumer = world.system().spawn(recording_consumer, heard);
    receive_request request;
    request.server = "server.example";
    request.name_space = "lab";
    request.object = "image";
    session = world.system().spawn(receive_session, request, consumer, scripted_parts(parts),
                                   session_id{1});
    world.run();
  }

  ~ReceiveSession() override {
    end_session(world, *parts);
    world.kill(consumer);
  }

  // -- phases -------------------------------------------------------------------------------------

  void accept() { world.tell(session, accepted(object_size)); }

  void reassemble() {
    receive_summary summary;
    summary.object_size = object_size;
    summary.statistics.repaired_symbols = 42;
    world.tell(session, reassembly_finished{summary});
  }

  void deliver() {
    accept();
    reassemble();
    world.tell(session, delivery_finished{});
  }

  void consume() {
    deliver();
    world.tell(session, consumption_finished{true});
  }

  /// As far as the n-th phase in which the consumer has not heard the end: connecting, receiving,
  /// reassembled.
  void go_to(int phase) {
    if (phase >= 1)
      accept();
    if (phase >= 2)
      reassemble();
  }

  // -- expectations -------------------------------------------------------------------------------

  void expect_finished(failure_code code, const std::string& text = {}) {
    ASSERT_EQ(heard->finished.size(), 1U);
    const auto& reason = heard->finished.front().reason;
    EXPECT_EQ(reason.code, code) << reason.text;
    EXPECT_NE(reason.text.find(text), std::string::npos) << reason.text;
    EXPECT_EQ(heard->order.back(), "finished");
  }

  void expect_ended(failure_code code, const std::string& text = {}) {
    expect_finished(code, text);
    EXPECT_TRUE(has_ended(session));
    expect_children_ended();
  }

  void expect_children_ended() {
    EXPECT_TRUE(has_ended(parts->link));
    if (!parts->receiving.writer)
      return;
    EXPECT_TRUE(has_ended(parts->receiving.writer));
    EXPECT_TRUE(has_ended(parts->receiving.reassembly));
    EXPECT_TRUE(has_ended(parts->receiving.reader));
  }

  /// What the server was told at last, if it was a leave.
  const failure* left_with() const {
    if (parts->said.empty())
      return nullptr;
    const auto* leave = std::get_if<wire::leave>(&parts->said.back());
    return leave == nullptr ? nullptr : &leave->reason;
  }

  scripted_world world;
  std::shared_ptr<consumer_record> heard = std::make_shared<consumer_record>();
  std::shared_ptr<receive_parts_record> parts = std::make_shared<receive_parts_record>();
  consumer_actor consumer;
  receive_session_actor session;
};

// -- the ordinary way -----------------------------------------------------------------------------

TEST_F(ReceiveSession, TellsTheConsumerOfSizesAndWriterOnceAccepted) {
  EXPECT_TRUE(heard->order.empty());
  accept();
  ASSERT_TRUE(heard->started);
  EXPECT_EQ(heard->started->object_size, object_size);
  EXPECT_EQ(heard->started->block_size, 1000U);
  EXPECT_EQ(heard->started->writer, parts->receiving.writer);
}

TEST_F(ReceiveSession, TellsTheConsumerOfTheStartBeforeAnyBlockCanCome) {
  parts->delivers_at_once = true;
  accept();
  EXPECT_EQ(heard->order, (strings{"started", "block"}));
}

TEST_F(ReceiveSession, HandsTheObjectsMetadataOn) {
  auto link = accepted(object_size);
  link.accept.metadata = {std::byte{7}, std::byte{0}, std::byte{9}};
  world.tell(session, link);
  ASSERT_TRUE(heard->started);
  ASSERT_EQ(heard->started->metadata_size, 3U);
  EXPECT_EQ(heard->started->metadata.get()[2], std::byte{9});
  EXPECT_EQ(heard->started->ranges, parts->receiving.reassembly);
}

TEST_F(ReceiveSession, WithoutMetadataHandsNoneOn) {
  accept();
  EXPECT_EQ(heard->started->metadata, nullptr);
  EXPECT_EQ(heard->started->metadata_size, 0U);
}

TEST_F(ReceiveSession, SucceedsOnDeliveryAndSendsAReceiptOnceEverythingWasReleased) {
  accept();
  reassemble();
  EXPECT_TRUE(heard->finished.empty()) << "finished before the consumer had everything";
  world.tell(session, delivery_finished{});
  expect_finished(failure_code::none);
  EXPECT_EQ(heard->finished.front().summary.object_size, object_size);
  EXPECT_TRUE(parts->said.empty()) << "a receipt before the consumer was done with it";
  world.pass(seconds(3));
  world.tell(session, consumption_finished{true});
  ASSERT_EQ(parts->said.size(), 1U);
  const auto* receipt = std::get_if<wire::receipt>(&parts->said.front());
  ASSERT_NE(receipt, nullptr);
  EXPECT_EQ(receipt->object_size, object_size);
  EXPECT_EQ(receipt->repaired_symbols, 42U);
  EXPECT_EQ(receipt->nanoseconds, 3'000'000'000U);
  EXPECT_FALSE(has_ended(session)) << "ended before the server noted it";
  world.tell(session, receipt_confirmed{});
  expect_ended(failure_code::none);
  EXPECT_EQ(heard->order, (strings{"started", "finished"}));
  EXPECT_EQ(parts->said.size(), 1U) << "a success is no leave";
}

TEST_F(ReceiveSession, WaitsFiveSecondsForTheServersNote) {
  consume();
  world.pass(milliseconds(4999));
  EXPECT_FALSE(has_ended(session));
  world.pass(milliseconds(1));
  expect_ended(failure_code::none);
}

TEST_F(ReceiveSession, ACancelOfTheReceiptComesTooLate) {
  consume();
  world.tell(session, cancel_atom::value, failure{failure_code::cancelled, 1223, "by the user"});
  EXPECT_FALSE(has_ended(session));
  world.tell(session, receipt_confirmed{});
  expect_ended(failure_code::none);
  EXPECT_EQ(left_with(), nullptr);
}

// -- a consumer that holds blocks after the end ----------------------------------------------------

TEST_F(ReceiveSession, CancelledWhileBlocksAreHeldAsksTheWriterAndLeaves) {
  deliver();
  world.tell(session, cancel_atom::value, failure{failure_code::cancelled, 112, "no room"});
  EXPECT_EQ(parts->stopped, strings{"writer"});
  EXPECT_TRUE(parts->said.empty()) << "a release may be on its way";
  world.tell(session, consumption_finished{false});
  expect_ended(failure_code::none);
  ASSERT_NE(left_with(), nullptr) << "the server was not told";
  EXPECT_EQ(left_with()->detail, 112U);
}

TEST_F(ReceiveSession, CancelledWhileTheLastReleaseIsOnItsWaySendsItsReceipt) {
  deliver();
  world.tell(session, cancel_atom::value, failure{failure_code::cancelled, 1223, "over"});
  world.tell(session, consumption_finished{true});
  ASSERT_EQ(parts->said.size(), 1U);
  EXPECT_NE(std::get_if<wire::receipt>(&parts->said.front()), nullptr);
  world.tell(session, receipt_confirmed{});
  expect_ended(failure_code::none);
}

TEST_F(ReceiveSession, TheEndOfItsConsumerAfterSuccessIsNoCancel) {
  deliver();
  world.kill(consumer);
  EXPECT_FALSE(has_ended(session));
  world.tell(session, consumption_finished{true});
  world.tell(session, receipt_confirmed{});
  EXPECT_TRUE(has_ended(session));
  EXPECT_EQ(left_with(), nullptr);
}

TEST_F(ReceiveSession, EndsWithItsLinkWhileBlocksAreHeld) {
  deliver();
  world.tell(session, server_left{{failure_code::connection_lost, 0, "reset by peer"}});
  expect_ended(failure_code::none);
}

TEST_F(ReceiveSession, PassesProgressOnWhileReceiving) {
  world.tell(session, session_progress{});
  EXPECT_EQ(heard->progress, 0U);
  accept();
  world.tell(session, session_progress{});
  EXPECT_EQ(heard->progress, 1U);
}

TEST_F(ReceiveSession, KeepsTheLatestProgressForAConsumerThatIsBusy) {
  accept();
  heard->during_progress = [this] {
    for (std::uint32_t blocks = 1; blocks <= 100; ++blocks) {
      session_progress progress;
      progress.summary.completed_blocks = blocks;
      caf::anon_send(session, progress);
    }
  };
  world.tell(session, session_progress{});
  EXPECT_EQ(heard->progress, 2U);
  EXPECT_EQ(heard->latest.completed_blocks, 100U);
  world.tell(session, session_progress{});
  EXPECT_EQ(heard->progress, 3U);
}

TEST_F(ReceiveSession, TellsNoProgressAfterTheEnd) {
  accept();
  heard->during_progress = [this] {
    caf::anon_send(session, session_progress{});
    caf::anon_send(session, delivery_finished{});
  };
  world.tell(session, session_progress{});
  EXPECT_EQ(heard->progress, 1U);
  EXPECT_EQ(heard->order.back(), "finished");
}

TEST_F(ReceiveSession, IgnoresASecondAcceptAndANoteThatComesTooEarly) {
  accept();
  accept();
  world.tell(session, receipt_confirmed{});
  EXPECT_EQ(heard->order, (strings{"started"}));
}

// -- links that end -------------------------------------------------------------------------------

TEST_F(ReceiveSession, FailsWithTheLinksReasonWhenItNeverComesUp) {
  world.tell(session, server_left{{failure_code::connection_refused, 111, "nobody listens"}});
  expect_finished(failure_code::connection_refused, "nobody listens");
  EXPECT_EQ(heard->order, (strings{"finished"}));
  EXPECT_EQ(heard->finished.front().reason.detail, 111U);
}

TEST_F(ReceiveSession, FailsWhenTheLinkIsLostWhileReceiving) {
  accept();
  world.tell(session, server_left{{failure_code::connection_lost, 0, "reset by peer"}});
  expect_ended(failure_code::connection_lost, "lab/image from server.example");
}

TEST_F(ReceiveSession, NeverTakesALinkThatClosesWithoutReasonForSuccess) {
  accept();
  world.tell(session, server_left{});
  expect_finished(failure_code::connection_lost);
}

TEST_F(ReceiveSession, NeverTakesALinkThatClosesWithoutReasonBeforeTheAnswerForSuccess) {
  world.tell(session, server_left{});
  expect_finished(failure_code::connection_lost);
}

TEST_F(ReceiveSession, NeedsNoLinkOnceEverythingIsVerified) {
  accept();
  reassemble();
  world.tell(session, server_left{{failure_code::connection_lost, 0, "reset by peer"}});
  EXPECT_TRUE(heard->finished.empty()) << "the consumer still gets its blocks";
  world.tell(session, delivery_finished{});
  expect_ended(failure_code::none);
}

TEST_F(ReceiveSession, NeedsNoLinkActorOnceEverythingIsVerified) {
  accept();
  reassemble();
  world.kill(parts->link);
  EXPECT_TRUE(heard->finished.empty());
  world.tell(session, delivery_finished{});
  expect_ended(failure_code::none);
}

TEST_F(ReceiveSession, EndsWhenTheLinkClosesInPlaceOfANote) {
  consume();
  world.tell(session, server_left{{failure_code::connection_lost, 0, "reset by peer"}});
  expect_finished(failure_code::none);
}

// -- failures of the parts ------------------------------------------------------------------------

TEST_F(ReceiveSession, FailsAndLeavesWhenItCannotReceive) {
  parts->refuses_to_receive = {failure_code::network_fault, 19, "no such interface"};
  accept();
  expect_finished(failure_code::network_fault, "no such interface");
  EXPECT_EQ(heard->order, (strings{"finished"}));
  ASSERT_NE(left_with(), nullptr);
  EXPECT_EQ(left_with()->code, failure_code::network_fault);
  expect_children_ended();
}

TEST_F(ReceiveSession, FailsAndLeavesWhenReassemblyFails) {
  accept();
  world.tell(session, reassembly_failed{{failure_code::sender_silent, 0, "nothing heard"}});
  expect_finished(failure_code::sender_silent, "nothing heard");
  ASSERT_NE(left_with(), nullptr);
  EXPECT_EQ(left_with()->code, failure_code::sender_silent);
  expect_children_ended();
}

TEST_F(ReceiveSession, IgnoresWhatComesAfterItsEnd) {
  accept();
  const failure reason{failure_code::cancelled, 7, "enough"};
  // All in the mailbox before the first of them is looked at.
  caf::anon_send(session, cancel_atom::value, reason);
  caf::anon_send(session, cancel_atom::value, failure{failure_code::cancelled, 8, "again"});
  caf::anon_send(session, reassembly_finished{});
  caf::anon_send(session, delivery_finished{});
  caf::anon_send(session, receipt_confirmed{});
  caf::anon_send(session, server_left{{failure_code::connection_lost, 0, "late"}});
  caf::anon_send(session, reassembly_failed{{failure_code::sender_silent, 0, "late"}});
  caf::anon_send(session, session_progress{});
  caf::anon_send(session, tick_atom::value);
  world.run();
  world.pass(seconds(10));
  expect_finished(failure_code::cancelled);
  EXPECT_EQ(heard->finished.front().reason.detail, 7U);
  EXPECT_EQ(heard->progress, 0U);
}

// -- what is wrong while it lasts -----------------------------------------------------------------

reception_changed deaf(std::uint32_t joins) {
  reception_changed result;
  result.health.is_deaf = true;
  result.health.silence = seconds(2);
  result.health.joins = joins;
  return result;
}

/// What people were told of the reception since event `number`.
strings told_since(std::uint64_t number) {
  strings result;
  for (const auto& one : events().after(number))
    if (one.kind == event_kind::reception)
      result.push_back(one.text);
  return result;
}

TEST_F(ReceiveSession, JoinsAgainOnceForEachOrder) {
  const auto before = events().count();
  accept();
  world.tell(session, deaf(1));
  EXPECT_EQ(parts->joins, 1U);
  world.tell(session, deaf(1));
  EXPECT_EQ(parts->joins, 1U);
  world.tell(session, deaf(2));
  world.tell(session, reception_changed{});
  EXPECT_EQ(parts->joins, 2U);
  world.tell(session, deaf(3));
  EXPECT_EQ(parts->joins, 3U);
  EXPECT_EQ(told_since(before).size(), 3U) << "deaf, not deaf, deaf";
  EXPECT_FALSE(has_ended(session));
}

TEST_F(ReceiveSession, SaysWhyItCouldNotJoinAgain) {
  parts->refuses_to_join = {failure_code::network_fault, 19, "no such device"};
  const auto before = events().count();
  accept();
  world.tell(session, deaf(1));
  const auto told = told_since(before);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1], "no such device");
  EXPECT_FALSE(has_ended(session)) << "the next attempt may succeed";
}

TEST_F(ReceiveSession, SaysWhereItListenedWhenItFailsForSilence) {
  parts->path
    = data_path{{3, "eth2"}, {}, {asio::ip::make_address("239.255.7.1"), 5041}, {}, {}, {}, 0, {}};
  accept();
  world.tell(session, deaf(1));
  world.tell(session, reassembly_failed{{failure_code::sender_silent, 0, "nothing heard"}});
  expect_finished(failure_code::sender_silent, "239.255.7.1:5041 on eth2");
  ASSERT_NE(left_with(), nullptr);
  EXPECT_NE(left_with()->text.find("eth2"), std::string::npos)
    << "the server's log does not say it";
}

session_progress progress_of(std::uint64_t datagrams) {
  session_progress result;
  result.summary.statistics.datagrams = datagrams;
  return result;
}

TEST_F(ReceiveSession, SaysOnceThatDatagramsComeInFragments) {
  parts->path = data_path{
    {3, "eth2"}, {}, {asio::ip::make_address("239.255.7.1"), 5041}, {}, {}, {}, 1476, 1500};
  parts->reassembled = 7'000;
  const auto before = events().count();
  accept();
  parts->reassembled += 100;
  world.tell(session, progress_of(1'000));
  EXPECT_TRUE(told_since(before).empty()) << "somebody else's fragments";
  parts->reassembled += 1'000;
  world.tell(session, progress_of(2'000));
  parts->reassembled += 1'000;
  world.tell(session, progress_of(3'000));
  const auto told = told_since(before);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.front().find("1476 bytes"), std::string::npos) << told.front();
  EXPECT_NE(told.front().find("serve --mtu"), std::string::npos) << told.front();
}

TEST_F(ReceiveSession, SaysAtOnceThatItsInterfaceTakesNoSuchPackets) {
  parts->path = data_path{
    {3, "eth2"}, {}, {asio::ip::make_address("239.255.7.1"), 5041}, {}, {}, {}, 1476, 1400};
  const auto before = events().count();
  accept();
  const auto told = told_since(before);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.front().find("packets of 1476 bytes, and eth2 takes 1400"), std::string::npos)
    << told.front();
}

TEST_F(ReceiveSession, SaysThatItIsNotHeardWhenTheServerSendsItAway) {
  const auto before = events().count();
  accept();
  world.tell(session, wire::feedback_state{2500, 0});
  EXPECT_EQ(told_since(before).size(), 1U);
  world.tell(session, server_left{{failure_code::kicked_fallback, 0, "sent away"}});
  expect_finished(failure_code::kicked_fallback, "sent away; the server heard no feedback");
}

TEST_F(ReceiveSession, PassesOnWhichFeedbackArrived) {
  accept();
  world.tell(session, wire::feedback_state{0, 4711});
  EXPECT_EQ(parts->heard_packets, std::vector<std::uint64_t>{4711});
}

TEST_F(ReceiveSession, MindsNoReceptionOnceEverythingIsDelivered) {
  const auto before = events().count();
  deliver();
  world.tell(session, deaf(1));
  world.tell(session, wire::feedback_state{2500, 0});
  EXPECT_EQ(parts->joins, 0U);
  EXPECT_TRUE(told_since(before).empty());
}

// -- in every phase -------------------------------------------------------------------------------

class ReceiveSessionPhase : public ReceiveSession, public ::testing::WithParamInterface<int> {};

TEST_P(ReceiveSessionPhase, CanBeCancelledByOneMessage) {
  go_to(GetParam());
  world.tell(session, cancel_atom::value, failure{failure_code::cancelled, 1223, "by the user"});
  expect_finished(failure_code::cancelled, "by the user");
  EXPECT_EQ(heard->finished.front().reason.detail, 1223U);
  ASSERT_NE(left_with(), nullptr) << "the server was not told";
  EXPECT_EQ(left_with()->detail, 1223U);
  EXPECT_EQ(parts->stopped.front(), "control_client");
  expect_children_ended();
}

TEST_P(ReceiveSessionPhase, IsCancelledByTheEndOfItsConsumer) {
  go_to(GetParam());
  world.kill(consumer);
  EXPECT_TRUE(has_ended(session));
  ASSERT_NE(left_with(), nullptr) << "the server was not told";
  EXPECT_EQ(left_with()->code, failure_code::cancelled);
  expect_children_ended();
}

std::string phase_name(const ::testing::TestParamInfo<int>& info) {
  constexpr const char* names[] = {"Connecting", "Receiving", "Reassembled"};
  return names[info.param];
}

INSTANTIATE_TEST_SUITE_P(Each, ReceiveSessionPhase, ::testing::Range(0, 3), phase_name);

// -- children that die ----------------------------------------------------------------------------

class ReceiveSessionChild : public ReceiveSession,
                            public ::testing::WithParamInterface<const char*> {
protected:
  caf::actor child() const {
    const std::string name = GetParam();
    if (name == "control_client")
      return caf::actor_cast<caf::actor>(parts->link);
    if (name == "writer")
      return caf::actor_cast<caf::actor>(parts->receiving.writer);
    if (name == "reassembly")
      return caf::actor_cast<caf::actor>(parts->receiving.reassembly);
    return caf::actor_cast<caf::actor>(parts->receiving.reader);
  }
};

TEST_P(ReceiveSessionChild, FailsItsSessionByNameWhenItIsKilled) {
  accept();
  world.kill(child());
  expect_ended(failure_code::internal, std::string{"the "} + GetParam() + " actor died");
}

TEST_P(ReceiveSessionChild, FailsItsSessionByNameWhenItThrows) {
  accept();
  parts->throws = GetParam();
  world.tell(child(), status_atom::value);
  expect_ended(failure_code::internal, std::string{"the "} + GetParam() + " actor died");
}

INSTANTIATE_TEST_SUITE_P(Each, ReceiveSessionChild,
                         ::testing::Values("control_client", "writer", "reassembly",
                                           "socket_reader"),
                         [](const auto& param) { return std::string{param.param}; });

TEST_P(ReceiveSessionChild, EndsItsSessionAfterSuccessWithoutATrace) {
  deliver();
  world.kill(child());
  expect_ended(failure_code::none);
  const bool has_link = std::string{GetParam()} != "control_client";
  EXPECT_EQ(left_with() != nullptr, has_link) << "the server learns that no receipt will come";
}

TEST_F(ReceiveSession, FailsWhenItsLinkDiesWhileConnecting) {
  world.kill(parts->link);
  expect_finished(failure_code::internal, "control_client");
  EXPECT_EQ(heard->order, (strings{"finished"}));
}

} // namespace
} // namespace receive_session_test
} // namespace fleetcast::actors::testing
