/// What a peer with good certificates and bad intentions can do, over real TLS connections: end its own link,
/// and nothing else.
#include "actors/fleet/frame_filter.hpp"
#include "actors/observe/log.hpp"
#include "tests/support/basp_frames.hpp"
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/live_fleet.hpp"
#include "tests/support/logged_lines.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/tls_peer.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fleetcast::actors::testing {
namespace fleet_border_test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using basp::bytes;
using basp::frame;
using basp::operation;
using basp::operator+;
using fleet::frame_end;
using fleet::job_phase;
using fleet::link_role;
using fleet::testing::reception_record;
using fleet::testing::sample_request;
using fleet::testing::scripted_receptions;

constexpr std::uint64_t published = 7; ///< the actor that a false agent shows

class FleetBorder : public ::testing::Test {
protected:
  /// A good agent, whose receptions the test may look at.
  struct good_agent {
    good_agent(io::io_thread& io, const fleet::link_context& context,
               fleet::link_acceptor_limits bounds) {
      receptions->plays = true;
      live = std::make_unique<live_agent>(io, context,
                                          std::make_shared<scripted_receptions>(receptions),
                                          fleet::agent_limits{}, bounds);
    }
    ~good_agent() {
      for (const auto& one : receptions->started)
        caf::anon_send_exit(one, caf::exit_reason::kill);
      receptions->started.clear();
      receptions->agent = nullptr;
    }

    std::shared_ptr<reception_record> receptions = std::make_shared<reception_record>();
    std::unique_ptr<live_agent> live;
  };

  /// A question that a false agent was asked.
  struct question {
    fleet::basp::node_id coordinator{};
    std::uint64_t asker = 0;
    std::uint64_t number = 0;
  };

  std::unique_ptr<good_agent> start_agent(fleet::link_acceptor_limits bounds = {}) {
    return std::make_unique<good_agent>(io, host_context, bounds);
  }

  caf::actor_system& system() { return serializer.get(); }

  tls_peer connect(const live_agent& to) {
    return tls_peer::coordinator(to.port(), coordinator_context);
  }

  /// A coordinator's first words to an agent; gives its actor's id.
  std::uint64_t shake_hands(tls_peer& link, const fleet::basp::node_id& own) {
    link.write(basp::hello_of_coordinator(own));
    const auto hello = link.next(operation::server_handshake);
    EXPECT_TRUE(hello);
    link.write(basp::hello_of_coordinator(own, true));
    return hello ? reinterpret_id(*hello) : 0;
  }

  /// Behind the node and the one application id.
  static std::uint64_t reinterpret_id(const frame& hello) {
    constexpr std::size_t place = 32 + 1 + 1 + std::string_view{"generic-caf-app"}.size();
    std::uint64_t result = 0;
    for (std::size_t i = place; i < place + 8; ++i)
      result = (result << 8U) | hello.payload.at(i);
    return result;
  }

  /// An agent's first words to a coordinator, up to the first question.
  question hear_question(tls_peer& link, const fleet::basp::node_id& own) {
    question result;
    const auto hello = link.next(operation::client_handshake);
    EXPECT_TRUE(hello);
    if (hello)
      std::copy(hello->payload.begin(), hello->payload.end(), result.coordinator.begin());
    link.write(basp::hello_of_agent(system(), own, published));
    auto asked = link.next(operation::direct);
    while (asked && asked->flags != 0) // CAF's own, of a coordinator without a filter
      asked = link.next(operation::direct);
    EXPECT_TRUE(asked);
    if (asked) {
      result.asker = asked->source;
      result.number = asked->data - basp::plain_message;
    }
    return result;
  }

  bytes report(job_phase phase, const std::string& reason = {}) {
    fleet::job_report result;
    result.job = "job-1";
    result.phase = static_cast<std::uint8_t>(phase);
    result.reason = reason;
    return basp::message(system(), result);
  }

  fleet::fleet_plan plan(std::vector<fleet::fleet_host> hosts) {
    fleet::fleet_plan result;
    result.request = sample_request();
    result.hosts = std::move(hosts);
    result.finished = [this] { finished.set_value(); };
    return result;
  }

  void wait_for_the_end() {
    ASSERT_EQ(finished.get_future().wait_for(answer_patience), std::future_status::ready);
  }

  bool still_serves(const live_agent& agent) {
    live_coordinator other{io, coordinator_context};
    const auto reached = other.dial(agent.host());
    return reached.has_value();
  }

  temporary_directory directory;
  fleet::certificate_store store = make_fleet_certificates(directory.path() / "fleet");
  fleet::link_context host_context
    = *fleet::make_link_context(host_credentials(store), link_role::agent);
  fleet::link_context coordinator_context
    = *fleet::make_link_context(store.coordinator(), link_role::coordinator);
  basp::serializing_system serializer;
  io::io_thread io;
  std::promise<void> finished;
};

// The one way to take OpenSSL's random bytes away; it has a successor that is far longer.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// OpenSSL has no random bytes while this lives.
class no_random_bytes {
public:
  no_random_bytes() { RAND_set_rand_method(&none); }
  ~no_random_bytes() { RAND_set_rand_method(usual_); }

  no_random_bytes(const no_random_bytes&) = delete;
  no_random_bytes& operator=(const no_random_bytes&) = delete;

private:
  static constexpr RAND_METHOD none{
    nullptr, [](unsigned char*, int) { return 0; }, nullptr, nullptr, nullptr, nullptr};

  const RAND_METHOD* usual_ = RAND_get_rand_method();
};

#pragma GCC diagnostic pop

/// A header that promises `length` bytes, as CAF would take it.
frame promising(operation what, std::uint32_t length) {
  frame result;
  result.what = what;
  result.data = what == operation::server_handshake ? 3 : 0;
  result.source = what == operation::down ? 1 : 0;
  result.destination = what == operation::direct || what == operation::monitor ? published : 0;
  result.claimed_length = length;
  return result;
}

std::vector<bytes> malformed_beginnings() {
  std::vector<bytes> result{bytes(32, 0)};
  for (const auto what : {operation::server_handshake, operation::client_handshake,
                          operation::direct, operation::monitor, operation::down})
    for (const std::uint32_t length : {0U, 31U, 0xFFFF'FFFFU})
      result.push_back(promising(what, length));
  return result;
}

// -- B10: what is no frame ends its link, and nothing else -----------------------------------------

TEST_F(FleetBorder, AnAgentOutlivesWhatIsNoHandshake) {
  const auto agent = start_agent();
  std::uint64_t ended = 0;
  for (const auto& wrong : malformed_beginnings()) {
    auto link = connect(*agent->live);
    ASSERT_TRUE(link.write(wrong));
    EXPECT_TRUE(link.is_ended());
    ++ended;
  }
  EXPECT_TRUE(still_serves(*agent->live));
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < fleet::frame_tally::ends; ++i)
    counted += agent->live->border().tally->of(static_cast<frame_end>(i));
  EXPECT_EQ(counted, ended);
}

TEST_F(FleetBorder, AnAgentWithoutCertificatesOutlivesWhatIsNoHandshake) {
  auto receptions = std::make_shared<reception_record>();
  live_agent plain{io, nullptr, std::make_shared<scripted_receptions>(receptions)};
  owned_socket stranger{::socket(AF_INET, SOCK_STREAM, 0)};
  const auto to = loopback(plain.port());
  ASSERT_EQ(::connect(stranger.number(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  const bytes empty = promising(operation::client_handshake, 0);
  ASSERT_EQ(::send(stranger.number(), empty.data(), empty.size(), MSG_NOSIGNAL), 32);
  char byte = 0;
  while (::recv(stranger.number(), &byte, 1, 0) > 0) {}
  live_coordinator other{io, nullptr};
  EXPECT_TRUE(other.dial(plain.host()));
}

TEST_F(FleetBorder, ACoordinatorOutlivesAnAgentThatSendsNoHandshake) {
  const auto agent = start_agent();
  live_coordinator from{io, coordinator_context};
  from.start(plan({agent->live->host()}));
  tls_listener listener;
  for (const auto& wrong : malformed_beginnings()) {
    auto failed = std::async(std::launch::async, [&] {
      return from.dial({"127.0.0.1", listener.port()});
    });
    auto link = listener.accept(host_context);
    link.write(wrong);
    EXPECT_TRUE(link.is_ended());
    EXPECT_FALSE(failed.get());
  }
  wait_for_the_end();
  EXPECT_TRUE(from.view().hosts.at(0).succeeded);
}

// -- B11: nothing is forwarded ---------------------------------------------------------------------

TEST_F(FleetBorder, AHostCommandsNoOtherHostThroughTheCoordinator) {
  const auto victim = start_agent();
  victim->receptions->plays = false;
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  from.start(plan({victim->live->host(), {"127.0.0.1", listener.port()}}));
  auto link = listener.accept(host_context);
  const auto own = basp::made_node(1);
  const auto asked = hear_question(link, own);
  const auto other = basp::node_of(victim->live->system());
  auto order = sample_request("job-of-another");
  const auto command = basp::message(system(), caf::atom("start"), order);
  link.write(frame{operation::routed,
                   0,
                   basp::plain_message + 1,
                   published,
                   victim->live->actor().id(),
                   basp::of(own) + basp::of(other) + command,
                   {}});
  EXPECT_TRUE(link.is_ended());
  EXPECT_EQ(from.border().tally->of(frame_end::header), 1U);
  EXPECT_NE(asked.asker, 0U);
  // What would have been forwarded was forwarded before the link ended: this question comes behind it.
  live_coordinator later{io, coordinator_context};
  const auto reached = later.dial(victim->live->host());
  ASSERT_TRUE(reached);
  caf::scoped_actor self{later.system()};
  self->request(*reached, answer_patience, fleet::watch_atom::value, std::string{"job-of-another"})
    .receive(
      [](const fleet::job_state& state) {
        EXPECT_EQ(fleet::phase_of(state.report.phase), job_phase::unknown);
      },
      [&](const caf::error& error) { ADD_FAILURE() << later.system().render(error); });
}

// -- B12: orders come from the own process ----------------------------------------------------------

class FleetOrders : public FleetBorder, public ::testing::WithParamInterface<bool> {};

TEST_P(FleetOrders, OfAnAgentAreNotHeardByTheCoordinator) {
  for (const char* order : {"stop", "tick", "view"}) {
    finished = {};
    live_coordinator from{io, coordinator_context, GetParam()};
    tls_listener listener;
    from.start(plan({{"127.0.0.1", listener.port()}}));
    auto link = listener.accept(host_context);
    const auto own = basp::made_node(1);
    const auto asked = hear_question(link, own);
    const auto what = basp::message(system(), caf::atom_from_string(order));
    link.write(basp::note(published, asked.asker, what));
    if (GetParam()) {
      EXPECT_TRUE(link.is_ended());
      EXPECT_EQ(from.border().tally->of(frame_end::content), 1U);
    } else {
      // It hears what comes behind the order.
      link.write(basp::answer(asked.number, published, asked.asker, report(job_phase::done)));
      wait_for_the_end();
    }
    const auto view = from.view(); // throws if it is gone
    EXPECT_EQ(view.hosts.at(0).succeeded, !GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(With, FleetOrders, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "AFilter" : "NoFilter"; });

// -- B20: each link has a node id of its own --------------------------------------------------------

TEST_F(FleetBorder, AHostThatHasTheNodeIdOfAnotherIsAskedItself) {
  const auto agent = start_agent();
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  from.start(plan({agent->live->host(), {"127.0.0.1", listener.port()}}));
  auto link = listener.accept(host_context);
  const auto asked = hear_question(link, basp::node_of(agent->live->system()));
  link.write(
    basp::answer(asked.number, published, asked.asker, report(job_phase::failed, "no such disk")));
  wait_for_the_end();
  const auto view = from.view();
  EXPECT_TRUE(view.hosts.at(0).succeeded) << view.hosts.at(0).reason.text;
  EXPECT_FALSE(view.hosts.at(1).succeeded);
  EXPECT_EQ(view.hosts.at(1).reason.text, "no such disk");
}

TEST_F(FleetBorder, AnAgentWithTheNodeIdOfItsCoordinatorIsReached) {
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  from.start(plan({{"127.0.0.1", listener.port()}}));
  auto link = listener.accept(host_context);
  const auto asked = hear_question(link, basp::node_of(from.system()));
  link.write(basp::answer(asked.number, published, asked.asker, report(job_phase::done)));
  wait_for_the_end();
  EXPECT_TRUE(from.view().hosts.at(0).succeeded);
}

TEST_F(FleetBorder, TheEndOfOneConnectionIsNotTheEndOfALaterOneToTheSameAgent) {
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  const auto node = basp::made_node(1);
  std::vector<fleet::agent_actor> reached;
  std::vector<std::unique_ptr<tls_peer>> links;
  for (int i = 0; i < 2; ++i) {
    auto dialled = std::async(std::launch::async, [&] {
      return from.dial({"127.0.0.1", listener.port()});
    });
    links.push_back(std::make_unique<tls_peer>(listener.accept(host_context)));
    ASSERT_TRUE(links.back()->next(operation::client_handshake));
    ASSERT_TRUE(links.back()->write(basp::hello_of_agent(system(), node, published)));
    const auto agent = dialled.get();
    ASSERT_TRUE(agent) << agent.error().text;
    reached.push_back(*agent);
  }
  caf::scoped_actor self{from.system()};
  self->monitor(reached.front());
  links.front().reset();
  self->receive([&](const caf::down_msg& down) { EXPECT_EQ(down.source, reached.front()); });
  auto answered = std::async(std::launch::async, [&] {
    const auto asked = links.back()->next(operation::direct);
    return asked
           && links.back()->write(basp::answer(asked->data - basp::plain_message, published,
                                               asked->source, report(job_phase::done)));
  });
  self->request(reached.back(), answer_patience, fleet::commit_atom::value, std::string{"job-1"})
    .receive([](const fleet::job_report& told) { EXPECT_EQ(told.job, "job-1"); },
             [&](const caf::error& error) { ADD_FAILURE() << from.system().render(error); });
  EXPECT_TRUE(answered.get());
}

TEST_F(FleetBorder, AnAgentServesTwoCoordinatorsWithOneNodeId) {
  const auto agent = start_agent();
  const auto node = basp::made_node(1);
  auto first = connect(*agent->live);
  const auto actor = shake_hands(first, node);
  auto second = connect(*agent->live);
  ASSERT_EQ(shake_hands(second, node), actor);
  const auto ask = [&](tls_peer& link, std::uint64_t number, const char* job) {
    link.write(basp::request(number, 50, actor,
                             basp::message(system(), caf::atom("watch"), std::string{job})));
  };
  ask(first, 1, "of-the-first");
  ask(second, 1, "of-the-second");
  const auto names = [](const std::optional<frame>& heard, const std::string& job) {
    return heard
           && std::search(heard->payload.begin(), heard->payload.end(), job.begin(), job.end())
                != heard->payload.end();
  };
  EXPECT_TRUE(names(first.next(operation::direct), "of-the-first"));
  EXPECT_TRUE(names(second.next(operation::direct), "of-the-second"));
}

// -- B21: an answer counts where its question went ---------------------------------------------------

TEST_F(FleetBorder, AnAgentAnswersNoQuestionOfAnother) {
  live_coordinator from{io, coordinator_context};
  tls_listener silent;
  tls_listener hostile;
  from.start(plan({{"127.0.0.1", silent.port()}, {"127.0.0.1", hostile.port()}}));
  auto victim = silent.accept(host_context);
  auto liar = hostile.accept(host_context);
  const auto to_victim = hear_question(victim, basp::made_node(1));
  const auto to_liar = hear_question(liar, basp::made_node(2));
  ASSERT_NE(to_victim.number, to_liar.number);
  liar.write(basp::answer(to_victim.number, published, to_victim.asker, report(job_phase::done)));
  EXPECT_TRUE(liar.is_ended());
  EXPECT_EQ(from.border().tally->of(frame_end::answer), 1U);
  EXPECT_FALSE(from.view().hosts.at(0).succeeded);
  // The one that was asked still may.
  victim.write(
    basp::answer(to_victim.number, published, to_victim.asker, report(job_phase::failed, "full")));
  auto host = from.view().hosts.at(0);
  while (!host.finished)
    host = from.view().hosts.at(0);
  EXPECT_EQ(host.reason.text, "full");
}

TEST_F(FleetBorder, AnAgentAnswersOnce) {
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  from.start(plan({{"127.0.0.1", listener.port()}}));
  auto link = listener.accept(host_context);
  const auto asked = hear_question(link, basp::made_node(1));
  const bytes once
    = basp::answer(asked.number, published, asked.asker, report(job_phase::receiving));
  link.write(once + once);
  EXPECT_TRUE(link.is_ended());
  EXPECT_EQ(from.border().tally->of(frame_end::answer), 1U);
}

// -- whole frames, however slow the peer ------------------------------------------------------------

/// Asks `agent` this many times at once.
caf::behavior asking(caf::event_based_actor* self, const fleet::agent_actor& agent, int times) {
  auto request = sample_request();
  request.destination = std::string(4000, 'd');
  request.object = std::string(4000, 'o');
  for (int i = 0; i < times; ++i)
    self->request(agent, answer_patience, fleet::start_atom::value, request)
      .then([](const fleet::job_report&) {});
  return {[](int) {}};
}

TEST_F(FleetBorder, WhatAPeerDoesNotReadYetReachesItWhole) {
  constexpr int questions = 250; // 2 MB: more than the sockets hold
  live_coordinator from{io, coordinator_context};
  tls_listener listener;
  auto dialled = std::async(std::launch::async, [&] {
    return from.dial({"127.0.0.1", listener.port()});
  });
  auto link = listener.accept(host_context);
  ASSERT_TRUE(link.next(operation::client_handshake));
  link.write(basp::hello_of_agent(system(), basp::made_node(1), published));
  const auto agent = dialled.get();
  ASSERT_TRUE(agent) << agent.error().text;
  auto asker = from.system().spawn(asking, *agent, questions);
  std::optional<bytes> first;
  for (std::uint64_t number = 1; number <= questions; ++number) {
    const auto asked = link.next(operation::direct);
    ASSERT_TRUE(asked) << number;
    EXPECT_EQ(asked->data, basp::plain_message + number);
    if (!first)
      first = asked->payload;
    EXPECT_TRUE(asked->payload == *first) << number;
  }
  caf::anon_send_exit(asker, caf::exit_reason::kill);
}

// -- C8: what a connection leaves behind -------------------------------------------------------------

/// What CAF's broker keeps for its peers. Read on the thread that changes it.
struct kept {
  std::size_t connections = 0;
  std::size_t spawn_servers = 0;
  std::size_t watched = 0;
  std::size_t named = 0;
};

kept kept_by(live_agent& agent) {
  const auto broker = fleet::network_broker(agent.system(), agent.border());
  std::promise<kept> result;
  agent.system().middleman().backend().post([&] {
    auto* const state
      = static_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker));
    kept now;
    now.connections = state->ctx.size();
    now.spawn_servers = state->spawn_servers.size();
    for (const auto& each : state->monitored_actors)
      now.watched += each.second.size();
    now.named = agent.system().registry().named_actors().size();
    result.set_value(now);
  });
  return result.get_future().get();
}

TEST_F(FleetBorder, NothingOfAConnectionStaysInAnAgent) {
  const auto agent = start_agent();
  const auto before = kept_by(*agent->live);
  constexpr std::uint8_t connections = 200;
  for (std::uint8_t i = 1; i <= connections; ++i) {
    auto link = connect(*agent->live);
    const auto own = basp::made_node(i);
    const auto actor = shake_hands(link, own);
    link.write(basp::monitor(own, basp::node_of(agent->live->system()), actor));
    link.write(basp::utility_question(system(), 9));
    link.write(basp::request(1, 50, actor,
                             basp::message(system(), caf::atom("watch"), std::string{"job-1"})));
    ASSERT_TRUE(link.next(operation::direct));
  }
  // The last ones may not be known to have closed yet.
  auto after = kept_by(*agent->live);
  const auto until = std::chrono::steady_clock::now() + answer_patience;
  while (after.connections > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
    after = kept_by(*agent->live);
  }
  EXPECT_EQ(after.connections, 0U);
  EXPECT_EQ(after.spawn_servers, 0U);
  EXPECT_EQ(after.watched, 0U);
  EXPECT_EQ(after.named, before.named);
  EXPECT_EQ(agent->live->border().tally->links(), connections);
  EXPECT_EQ(agent->live->border().tally->of(fleet::frame_drop::utility), connections);
  EXPECT_EQ(fact(agent->live->status(), "fleet links"), "200");
}

// -- links that cannot be had -----------------------------------------------------------------------

TEST_F(FleetBorder, AnAgentTakesItsBoundOfCoordinatorsAndNoMore) {
  const logged_lines lines;
  fleet::link_acceptor_limits bounds;
  bounds.links = 2;
  const auto agent = start_agent(bounds);
  std::vector<std::unique_ptr<tls_peer>> inside;
  for (std::uint8_t i = 1; i <= bounds.links; ++i) {
    inside.push_back(std::make_unique<tls_peer>(connect(*agent->live)));
    ASSERT_NE(shake_hands(*inside.back(), basp::made_node(i)), 0U);
  }
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(connect(*agent->live).is_ended());
  EXPECT_EQ(fact(agent->live->status(), "open fleet links"), "2");
  EXPECT_EQ(fact(agent->live->status(), "turned away"), "3");
  EXPECT_THAT(lines.all(), ElementsAre(HasSubstr("2 coordinators are connected")));
  // One leaves, another has its place.
  inside.pop_back();
  const auto until = std::chrono::steady_clock::now() + answer_patience;
  while (agent->live->border().tally->open_links() > 1 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  auto later = connect(*agent->live);
  EXPECT_NE(shake_hands(later, basp::made_node(9)), 0U);
}

TEST_F(FleetBorder, AnAgentWithoutRandomBytesRefusesTheLink) {
  const logged_lines lines;
  live_agent agent{io, nullptr,
                   std::make_shared<scripted_receptions>(std::make_shared<reception_record>())};
  live_coordinator from{io, nullptr, false};
  {
    const no_random_bytes now;
    EXPECT_FALSE(from.dial(agent.host()));
  }
  EXPECT_THAT(lines.all(), Contains(HasSubstr("no random bytes")));
  EXPECT_TRUE(from.dial(agent.host()));
}

TEST_F(FleetBorder, ACoordinatorWithoutRandomBytesRefusesTheLink) {
  live_agent agent{io,
                   nullptr,
                   std::make_shared<scripted_receptions>(std::make_shared<reception_record>()),
                   fleet::agent_limits{},
                   fleet::link_acceptor_limits{},
                   false};
  live_coordinator from{io, nullptr};
  {
    const no_random_bytes now;
    const auto reached = from.dial(agent.host());
    ASSERT_FALSE(reached);
    EXPECT_THAT(reached.error().text, HasSubstr("no random bytes"));
  }
  EXPECT_TRUE(from.dial(agent.host()));
}

} // namespace
} // namespace fleet_border_test
} // namespace fleetcast::actors::testing
