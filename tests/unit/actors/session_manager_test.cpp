#include "actors/io/network_interface.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/runtime.hpp"
#include "actors/serve/server_budget.hpp"
#include "actors/serve/transmissions.hpp"
#include "actors/session_manager.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/proves.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::actors::testing {
namespace session_manager_test {
namespace {

namespace wire = protocol::wire;
using protocol::seconds;

// -- receive direction: a scripted world ----------------------------------------------------------

/// A manager with two sessions, both receiving.
class ReceivingManager : public ::testing::Test {
protected:
  struct one {
    std::shared_ptr<consumer_record> heard = std::make_shared<consumer_record>();
    consumer_actor consumer;
    receive_parts_record parts;
  };

  ReceivingManager() {
    manager = world.system().spawn(session_manager,
                                   session_manager_config{nullptr, scripted_parts(parts), {}});
    open(1, first);
    open(2, second);
  }

  ~ReceivingManager() override {
    for (auto* each : {&first, &second}) {
      end_session(world, each->parts);
      world.kill(each->consumer);
    }
    end_session(world, *parts);
    world.kill(manager);
  }

  void open(session_id id, one& session) {
    session.consumer = world.system().spawn(recording_consumer, session.heard);
    world.tell(manager, open_atom::value, id, receive_request{}, session.consumer);
    session.parts = *parts;
    world.tell(session.parts.session, accepted(1000));
    session.parts = *parts;
  }

  void complete(one& session) {
    world.tell(session.parts.session, reassembly_finished{});
    world.tell(session.parts.session, delivery_finished{});
    world.tell(session.parts.session, consumption_finished{true});
    world.tell(session.parts.session, receipt_confirmed{});
  }

  void expect_finished(const one& session, failure_code code) {
    ASSERT_EQ(session.heard->finished.size(), 1U);
    EXPECT_EQ(session.heard->finished[0].reason.code, code)
      << session.heard->finished[0].reason.text;
    EXPECT_EQ(session.heard->order.back(), "finished");
  }

  std::string open_sessions() {
    return fact(world.status(manager), "receive sessions").value_or("no such fact");
  }

  scripted_world world;
  std::shared_ptr<receive_parts_record> parts = std::make_shared<receive_parts_record>();
  session_manager_actor manager;
  one first;
  one second;
};

TEST_F(ReceivingManager, DyingEndsItsSessionsWhichNobodyCouldCancelAnyMore) {
  world.tell(first.parts.session, delivery_finished{}); // and its consumer holds blocks
  world.kill(manager);
  EXPECT_EQ(parts->stopped.front(), "writer") << "the first session waits for its consumer";
  world.tell(first.parts.session, consumption_finished{false}); // as the writer answers
  EXPECT_TRUE(has_ended(first.parts.session));
  EXPECT_TRUE(has_ended(second.parts.session));
  expect_finished(first, failure_code::none);
  expect_finished(second, failure_code::internal);
}

TEST_F(ReceivingManager, ForgetsASessionThatEndedAsItShould) {
  EXPECT_EQ(open_sessions(), "2");
  complete(first);
  expect_finished(first, failure_code::none);
  EXPECT_EQ(open_sessions(), "1");
}

TEST_F(ReceivingManager, SpeaksForASessionThatCrashedAndLeavesTheOthersAlone) {
  world.kill(first.parts.session);
  expect_finished(first, failure_code::internal);
  EXPECT_TRUE(has_ended(first.parts.session));
  EXPECT_EQ(open_sessions(), "1");
  EXPECT_TRUE(second.heard->finished.empty());
  complete(second);
  expect_finished(second, failure_code::none);
}

TEST_F(ReceivingManager, CancelsTheSessionOfThatIdOnly) {
  world.tell(manager, cancel_atom::value, session_id{2},
             failure{failure_code::cancelled, 99, "enough"});
  expect_finished(second, failure_code::cancelled);
  EXPECT_EQ(second.heard->finished[0].reason.detail, 99U);
  EXPECT_TRUE(first.heard->finished.empty());
}

TEST_F(ReceivingManager, IgnoresACancelForAnUnknownId) {
  world.tell(manager, cancel_atom::value, session_id{3}, failure{failure_code::cancelled, 0, ""});
  EXPECT_EQ(open_sessions(), "2");
}

TEST_F(ReceivingManager, CancelsAllAndQuitsWhenStopped) {
  world.tell(manager, stop_atom::value);
  expect_finished(first, failure_code::cancelled);
  expect_finished(second, failure_code::cancelled);
  EXPECT_TRUE(has_ended(manager));
}

TEST_F(ReceivingManager, AnswersAnOpenThatComesAfterStopWithFinished) {
  one late;
  late.consumer = world.system().spawn(recording_consumer, late.heard);
  // Both in the mailbox before the sessions end and the manager with them.
  caf::anon_send(manager, stop_atom::value);
  caf::anon_send(manager, open_atom::value, session_id{3}, receive_request{}, late.consumer);
  world.run();
  expect_finished(late, failure_code::cancelled);
  EXPECT_EQ(late.heard->order.size(), 1U);
  EXPECT_TRUE(has_ended(manager));
  world.kill(late.consumer);
}

TEST_F(ReceivingManager, RefusesClientsWhenItDoesNotSend) {
  caf::scoped_actor self{world.system()};
  auto answer = self->request(manager, caf::infinite, join_atom::value, join_request{});
  world.run();
  ASSERT_TRUE(self->has_next_message());
  answer.receive(
    [](const join_reply& reply) {
      EXPECT_TRUE(reply.reason);
      EXPECT_FALSE(reply.session);
    },
    [&](const caf::error& error) { ADD_FAILURE() << world.system().render(error); });
}

TEST(StoppedManager, QuitsAtOnceWithNothingToStop) {
  scripted_world world;
  const auto manager
    = world.system().spawn(session_manager, session_manager_config{nullptr, nullptr, {}});
  world.tell(manager, stop_atom::value);
  EXPECT_TRUE(has_ended(manager));
}

// -- send direction: a live world -----------------------------------------------------------------

/// A free port that the kernel hands out to nobody.
std::uint16_t some_port() {
  std::random_device entropy;
  const auto lo = io::find_interface("lo").value();
  io::socket_options options;
  for (;;) {
    const auto port = static_cast<std::uint16_t>(10'000 + entropy() % 20'000);
    options.feedback_ports = {port, port};
    if (io::udp_socket::open_feedback_receiver(lo, boost::asio::ip::address_v4::loopback(),
                                               options))
      return port;
  }
}

class SendingManager : public ::testing::Test {
protected:
  using link = caf::scoped_actor; ///< plays a client's control connection

  SendingManager() { start(small_block_options(directory.path())); }

  void start(const send_options& sending) {
    process.reset();
    runtime_options options;
    options.serving = serving(sending);
    process = std::make_unique<runtime>(options);
  }

  caf::actor_system& system() { return process->system(); }

  static std::shared_ptr<content> object(const std::string& name) {
    return std::make_shared<memory_content>(name, sample_bytes(100'000, 1));
  }

  static join_request request_of(link& client, const std::string& name,
                                 std::vector<wire::seal_suite> suites
                                 = {wire::seal_suite::chacha20_poly1305}) {
    join_request result;
    result.request.suites = std::move(suites);
    result.request.cache_blocks = 64;
    result.object = object(name);
    result.local = boost::asio::ip::address_v4::loopback();
    result.peer = result.local;
    result.link = caf::actor_cast<control_server_actor>(client);
    return result;
  }

  join_reply join(link& client, const std::string& name) {
    return join(client, request_of(client, name));
  }

  join_reply join(link& client, const join_request& request) {
    join_reply result;
    client->request(process->manager(), answer_patience, join_atom::value, request)
      .receive([&](const join_reply& reply) { result = reply; },
               [&](const caf::error& error) { ADD_FAILURE() << system().render(error); });
    return result;
  }

  static void leave(link& client, const join_reply& joined) {
    client->send(joined.session, leave_atom::value, joined.accept.receiver_id,
                 failure{failure_code::cancelled, 0, "enough"});
  }

  temporary_directory directory;
  std::unique_ptr<runtime> process;
};

/// A server with few places.
class BoundedManager : public SendingManager {
protected:
  void start(std::size_t in_all, std::size_t of_one_source, protocol::bit_rate max_rate = 0) {
    runtime_options options;
    auto sending = small_block_options(directory.path());
    sending.bounds = {in_all, of_one_source};
    if (max_rate != 0)
      sending.budget = server_budget::make(max_rate);
    options.serving = serving(std::move(sending));
    process.reset();
    process = std::make_unique<runtime>(options);
  }

  join_reply join_from(const std::string& address, link& client, const std::string& name) {
    auto request = request_of(client, name);
    request.peer = boost::asio::ip::make_address(address);
    return join(client, request);
  }

  std::string fact_of_manager(const std::string& what) {
    link asks{system()};
    return fact(ask_status(asks, caf::actor_cast<caf::actor>(process->manager())), what)
      .value_or("no such fact");
  }
};

TEST_F(BoundedManager, RefusesOneTransmissionTooManyAndLetsTheRunningOnesBeJoined) {
  start(2, 2);
  std::vector<std::unique_ptr<link>> clients;
  for (int i = 0; i < 4; ++i)
    clients.push_back(std::make_unique<link>(system()));
  const auto first = join_from("127.0.0.1", *clients[0], "lab/a");
  ASSERT_FALSE(first.reason) << first.reason.text;
  ASSERT_FALSE(join_from("127.0.0.2", *clients[1], "lab/b").reason);
  const auto refused = join_from("127.0.0.3", *clients[2], "lab/c");
  EXPECT_EQ(refused.reason.code, failure_code::server_busy);
  EXPECT_NE(refused.reason.text.find("--max-transmissions`"), std::string::npos)
    << refused.reason.text;
  const auto joined = join_from("127.0.0.3", *clients[3], "lab/a");
  EXPECT_FALSE(joined.reason) << joined.reason.text;
  EXPECT_EQ(joined.session, first.session);
  EXPECT_EQ(fact_of_manager("refused transmissions: server"), "1");
  EXPECT_EQ(fact_of_manager("max transmissions"), "2");
}

TEST_F(BoundedManager, RefusesOneTooManyOfOneSourceAndNobodyElse) {
  start(10, 2);
  link one{system()};
  for (const auto* name : {"lab/a", "lab/b"})
    ASSERT_FALSE(join_from("127.0.0.1", one, name).reason);
  const auto refused = join_from("127.0.0.1", one, "lab/c");
  EXPECT_EQ(refused.reason.code, failure_code::server_busy);
  EXPECT_NE(refused.reason.text.find("--max-transmissions-per-source"), std::string::npos)
    << refused.reason.text;
  EXPECT_FALSE(join_from("127.0.0.2", one, "lab/c").reason);
  EXPECT_EQ(fact_of_manager("refused transmissions: source"), "1");
}

TEST_F(BoundedManager, HasAPlaceAgainWhenATransmissionEnded) {
  start(1, 1);
  link one{system()};
  link two{system()};
  const auto first = join(one, "lab/a");
  ASSERT_FALSE(first.reason) << first.reason.text;
  ASSERT_EQ(join(two, "lab/b").reason.code, failure_code::server_busy);
  two->monitor(first.session);
  leave(one, first);
  two->receive([](const caf::down_msg&) {});
  // News of its end travel their own way to the manager.
  auto again = join(two, "lab/b");
  for (int round = 0; round < 10'000 && again.reason; ++round)
    again = join(two, "lab/b");
  EXPECT_FALSE(again.reason) << again.reason.text;
}

TEST_F(BoundedManager, RefusesATransmissionThatTheRateHasNoRoomFor) {
  start(10, 10, 2 * server_budget::least_share);
  link one{system()};
  ASSERT_FALSE(join(one, "lab/a").reason);
  ASSERT_FALSE(join(one, "lab/b").reason);
  const auto refused = join(one, "lab/c");
  EXPECT_EQ(refused.reason.code, failure_code::server_busy);
  EXPECT_NE(refused.reason.text.find("--max-rate"), std::string::npos) << refused.reason.text;
  EXPECT_EQ(fact_of_manager("max rate"), std::to_string(2 * server_budget::least_share));
}

TEST_F(BoundedManager, ShowsWhatATransmissionMaySend) {
  start(10, 10, 20'000'000);
  link one{system()};
  const auto joined = join(one, "lab/a");
  const auto shown = ask_status(one, caf::actor_cast<caf::actor>(joined.session));
  EXPECT_EQ(fact(shown, "rate share"), "20000000");
  EXPECT_LE(std::stoull(*fact(shown, "allowed rate")), 20'000'000U);
}

TEST_F(SendingManager, LetsClientsOfTheSameContentShareATransmission) {
  proves("R-CC-2");
  link a{system()};
  link b{system()};
  const auto one = join(a, "lab/image");
  const auto two = join(b, "lab/image");
  ASSERT_FALSE(one.reason) << one.reason.text;
  ASSERT_FALSE(two.reason) << two.reason.text;
  EXPECT_EQ(one.session, two.session);
  EXPECT_EQ(one.accept.session_tag, two.accept.session_tag);
  EXPECT_EQ(one.accept.group, two.accept.group);
  EXPECT_NE(one.accept.receiver_id, two.accept.receiver_id);
  EXPECT_NE(one.accept.receiver_key.key, two.accept.receiver_key.key);
}

TEST_F(SendingManager, GivesOtherContentATransmissionOfItsOwn) {
  proves("R-CC-2");
  link a{system()};
  link b{system()};
  const auto one = join(a, "lab/image");
  const auto two = join(b, "lab/other");
  ASSERT_FALSE(one.reason) << one.reason.text;
  ASSERT_FALSE(two.reason) << two.reason.text;
  EXPECT_NE(one.session, two.session);
  EXPECT_NE(one.accept.group, two.accept.group);
  EXPECT_NE(one.accept.group_key.key, two.accept.group_key.key);
}

TEST_F(SendingManager, LetsClientsThatTheSameInterfaceLeadsToShareWhateverTheyCameBy) {
  auto options = small_block_options(directory.path());
  options.interface.clear();
  start(options);
  link a{system()};
  link b{system()};
  const auto one = join(a, "lab/image");
  auto request = request_of(b, "lab/image");
  request.local = request.peer = boost::asio::ip::make_address("127.0.0.9");
  const auto two = join(b, request);
  ASSERT_FALSE(one.reason) << one.reason.text;
  ASSERT_FALSE(two.reason) << two.reason.text;
  EXPECT_EQ(one.session, two.session);
}

TEST_F(SendingManager, SaysWhatThereIsWhenItsInterfaceIsNotThereAnyMore) {
  auto options = small_block_options(directory.path());
  options.interface = "gone0";
  start(options);
  link client{system()};
  const auto refused = join(client, "lab/image");
  EXPECT_EQ(refused.reason.code, failure_code::network_fault);
  EXPECT_NE(refused.reason.text.find("gone0"), std::string::npos) << refused.reason.text;
  EXPECT_NE(refused.reason.text.find("lo (127.0.0.1"), std::string::npos) << refused.reason.text;
}

TEST_F(SendingManager, TellsAClientToTryAgainWhileEveryPortForFeedbackIsTaken) {
  const auto other = io::udp_socket::open_feedback_receiver(
    io::find_interface("lo").value(), boost::asio::ip::address_v4::loopback());
  const auto port = other.value().local_endpoint().port();
  auto options = small_block_options(directory.path());
  options.feedback_ports = {port, port};
  start(options);
  link a{system()};
  const auto busy = join(a, "lab/image");
  EXPECT_EQ(busy.reason.code, failure_code::server_busy);
  EXPECT_NE(busy.reason.text.find("try again"), std::string::npos) << busy.reason.text;
  // What was refused keeps no group and no transmission.
  EXPECT_EQ(fact(ask_status(a, caf::actor_cast<caf::actor>(process->manager())), "send sessions"),
            "0");
}

TEST_F(SendingManager, GivesThePortOfATransmissionThatEndedToTheNext) {
  auto options = small_block_options(directory.path());
  const auto first = some_port();
  options.feedback_ports = {first, first};
  start(options);
  link a{system()};
  link b{system()};
  const auto one = join(a, "lab/image");
  ASSERT_FALSE(one.reason) << one.reason.text;
  EXPECT_EQ(one.accept.feedback.port, first);
  EXPECT_EQ(join(b, "lab/other").reason.code, failure_code::server_busy);
  a->monitor(one.session);
  leave(a, one);
  a->receive([](const caf::down_msg&) {},
             caf::after(answer_patience) >> [] { ADD_FAILURE() << "it never ended"; });
  // Its socket goes with the last actor that holds it.
  join_reply two;
  for (int round = 0; round < 10'000 && (round == 0 || two.reason); ++round)
    two = join(b, "lab/other");
  ASSERT_FALSE(two.reason) << two.reason.text;
  EXPECT_EQ(two.accept.feedback.port, first);
}

TEST_F(SendingManager, GivesAClientThatRacesWithTheEndOfATransmissionANewOne) {
  link one{system()};
  link other{system()};
  auto* leaving = &one;
  auto* coming = &other;
  auto before = join(*leaving, "lab/image");
  // Whether the join overtakes the news of the end is the scheduler's choice: both must do.
  for (int round = 0; round < 200; ++round) {
    ASSERT_FALSE(before.reason) << before.reason.text;
    leave(*leaving, before);
    const auto after = join(*coming, "lab/image");
    ASSERT_FALSE(after.reason) << after.reason.text;
    EXPECT_NE(after.session, before.session) << "joined a transmission that has ended";
    before = after;
    std::swap(leaving, coming);
  }
}

TEST_F(SendingManager, LetsClientsThatRaceWithTheSameEndShareTheNextTransmission) {
  link leaving{system()};
  link a{system()};
  link b{system()};
  for (int round = 0; round < 50; ++round) {
    const auto before = join(leaving, "lab/image");
    ASSERT_FALSE(before.reason) << before.reason.text;
    leave(leaving, before);
    auto pending = a->request(process->manager(), answer_patience, join_atom::value,
                              request_of(a, "lab/image"));
    const auto two = join(b, "lab/image");
    join_reply one;
    pending.receive([&](const join_reply& reply) { one = reply; },
                    [&](const caf::error& error) { ADD_FAILURE() << system().render(error); });
    EXPECT_EQ(one.session, two.session);
    EXPECT_NE(one.session, before.session);
    // Two have to go before the next round's transmission is a new one.
    a->monitor(one.session);
    leave(a, one);
    leave(b, two);
    a->receive([](const caf::down_msg&) {},
               caf::after(answer_patience) >> [] { ADD_FAILURE() << "it never ended"; });
  }
}

TEST_F(SendingManager, KeepsNoTransmissionForAClientItCannotTalkTo) {
  link client{system()};
  const auto reply = join(client, request_of(client, "lab/image", {}));
  EXPECT_EQ(reply.reason.code, failure_code::handshake_failed);
  // The next client's transmission is a new one, and it is the only one that lasts.
  const auto next = join(client, "lab/image");
  ASSERT_FALSE(next.reason) << next.reason.text;
  std::string sending;
  for (int round = 0; round < 1000 && sending != "1"; ++round)
    sending
      = fact(ask_status(client, caf::actor_cast<caf::actor>(process->manager())), "send sessions")
          .value_or("no such fact");
  EXPECT_EQ(sending, "1");
}

TEST_F(SendingManager, EndsEveryTransmissionAndTellsTheClientsWhenStopped) {
  link a{system()};
  link b{system()};
  link watcher{system()};
  const auto one = join(a, "lab/image");
  const auto two = join(b, "lab/other");
  watcher->monitor(process->manager());
  watcher->send(process->manager(), stop_atom::value);
  for (auto* client : {&a, &b})
    (*client)->receive(
      [](const wire::session_ended& ended) {
        EXPECT_EQ(ended.reason.code, failure_code::transmission_ended) << ended.reason.text;
      },
      caf::after(answer_patience) >> [] { ADD_FAILURE() << "a client was not told"; });
  watcher->receive([](const caf::down_msg& down) { EXPECT_FALSE(down.reason); },
                   caf::after(answer_patience) >>
                     [] { ADD_FAILURE() << "the manager did not quit"; });
}

TEST_F(SendingManager, RefusesForAWhileWhomItSentAwayAndNobodyElse) {
  link a{system()};
  link b{system()};
  auto request = request_of(a, "lab/image");
  request.request.host_name = "troublemaker";
  const auto one = join(a, request);
  const auto two = join(b, "lab/image");
  ASSERT_FALSE(one.reason) << one.reason.text;
  ASSERT_FALSE(two.reason) << two.reason.text;
  a->request(caf::actor_cast<steered_send_session_actor>(one.session), answer_patience,
             session_order{kick_order{one.accept.receiver_id,
                                      {failure_code::kicked_abort, 0, "somebody had enough"}}})
    .receive([](const order_outcome& done) { EXPECT_FALSE(done.reason) << done.reason.text; },
             [&](const caf::error& error) { ADD_FAILURE() << system().render(error); });
  // Of that transmission, and of any other.
  for (const auto* name : {"lab/image", "lab/other"}) {
    auto again = request_of(a, name);
    again.request.host_name = "troublemaker";
    const auto refused = join(a, again);
    EXPECT_EQ(refused.reason.code, failure_code::kicked_abort);
    EXPECT_NE(refused.reason.text.find(" in 60 s "), std::string::npos) << refused.reason.text;
    EXPECT_NE(refused.reason.text.find("had enough"), std::string::npos) << refused.reason.text;
  }
  // Another host at that address, and one with a key of its own, are others.
  auto other = request_of(a, "lab/image");
  other.request.host_name = "neighbour";
  EXPECT_FALSE(join(a, other).reason);
  auto keyed = request_of(a, "lab/image");
  keyed.request.host_name = "troublemaker";
  keyed.client = "SHA256:somebody";
  EXPECT_FALSE(join(a, keyed).reason);
}

TEST_F(SendingManager, OutlivesATransmissionThatIsKilled) {
  link a{system()};
  link b{system()};
  const auto one = join(a, "lab/image");
  const auto two = join(b, "lab/other");
  ASSERT_FALSE(one.reason) << one.reason.text;
  a->monitor(one.session);
  a->send_exit(one.session, caf::exit_reason::kill);
  a->receive([](const caf::down_msg&) {},
             caf::after(answer_patience) >> [] { ADD_FAILURE() << "it was not killed"; });
  const auto again = join(a, "lab/image");
  ASSERT_FALSE(again.reason) << again.reason.text;
  EXPECT_NE(again.session, one.session);
  EXPECT_EQ(ask_status(b, caf::actor_cast<caf::actor>(two.session)).state, "sending");
}

} // namespace
} // namespace session_manager_test
} // namespace fleetcast::actors::testing
