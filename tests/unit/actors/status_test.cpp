#include "actors/kit/status.hpp"
#include "actors/receive/session.hpp"
#include "actors/session_manager.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::testing {
namespace status_test {
namespace {

using protocol::milliseconds;

/// An actor with a status and nothing else; a mute one answers only when told to stop.
using described_actor = control_listener_actor;
using promises = std::shared_ptr<std::vector<status_promise>>;

described_actor::behavior_type described(described_actor::pointer self, std::string name,
                                         std::vector<caf::actor> children, promises kept) {
  return {
    [=](stop_atom) {
      if (!kept)
        return self->quit();
      for (auto& promise : *kept)
        promise.deliver(status_snapshot{name, "late", {}, {}});
    },
    [=](status_atom) -> status_promise {
      if (!kept)
        return collect_status(self, {name, "fine", {}, {}}, children);
      kept->push_back(self->make_response_promise<status_snapshot>());
      return kept->back();
    },
  };
}

class Status : public ::testing::Test {
protected:
  ~Status() override {
    unanswered->clear();
    for (const auto& actor : spawned)
      world.kill(actor);
  }

  caf::actor make(const std::string& name, std::vector<caf::actor> children = {}) {
    return keep(world.system().spawn(described, name, std::move(children), promises{}));
  }

  caf::actor make_mute() {
    return keep(world.system().spawn(described, "mute", std::vector<caf::actor>{}, unanswered));
  }

  caf::actor keep(const described_actor& actor) {
    spawned.push_back(caf::actor_cast<caf::actor>(actor));
    return spawned.back();
  }

  scripted_world world;
  promises unanswered = std::make_shared<std::vector<status_promise>>();
  std::vector<caf::actor> spawned;
};

TEST_F(Status, OfALeafIsItsOwn) {
  const auto got = world.status(make("leaf"));
  EXPECT_EQ(got.actor, "leaf");
  EXPECT_TRUE(got.children.empty());
}

TEST_F(Status, OfAParentHasTheChildrenInTheirOrder) {
  const auto a = make("a");
  const auto b = make("b", {make("c")});
  const auto got = world.status(make("parent", {a, b}));
  ASSERT_EQ(got.children.size(), 2U);
  EXPECT_EQ(got.children[0].actor, "a");
  EXPECT_EQ(got.children[1].actor, "b");
  ASSERT_EQ(got.children[1].children.size(), 1U);
  EXPECT_EQ(got.children[1].children[0].actor, "c");
}

TEST_F(Status, ShowsADeadChildAsSuchAtOnce) {
  const auto dead = make("dead");
  const auto parent = make("parent", {dead, make("alive")});
  world.kill(dead);
  const auto got = world.status(parent);
  ASSERT_EQ(got.children.size(), 2U);
  EXPECT_EQ(got.children[0].state, "ended");
  EXPECT_FALSE(got.children[0].answered);
  EXPECT_EQ(got.children[0].id, dead.id());
  EXPECT_EQ(got.children[1].state, "fine");
}

TEST_F(Status, ShowsAChildThatDoesNotAnswerInTimeAsSuch) {
  const auto parent = make("parent", {make_mute(), make("alive")});
  const auto got = world.status(parent, status_patience);
  ASSERT_EQ(got.children.size(), 2U);
  EXPECT_EQ(got.children[0].state, "no answer in 250 ms");
  EXPECT_FALSE(got.children[0].answered);
  EXPECT_EQ(got.children[1].state, "fine");
  EXPECT_TRUE(got.children[1].answered);
}

TEST_F(Status, IgnoresAnAnswerThatComesTooLate) {
  const auto mute = make_mute();
  const auto parent = make("parent", {mute});
  EXPECT_EQ(world.status(parent, status_patience).children.front().state, "no answer in 250 ms");
  ASSERT_EQ(unanswered->size(), 1U);
  world.tell(mute, stop_atom::value);
  EXPECT_FALSE(has_ended(parent));
  EXPECT_EQ(world.status(parent, status_patience).state, "fine");
}

// -- the real tree --------------------------------------------------------------------------------

class StatusOfSessions : public ::testing::Test {
protected:
  StatusOfSessions() {
    manager = world.system().spawn(session_manager,
                                   session_manager_config{nullptr, scripted_parts(parts), {}});
    consumer = world.system().spawn(recording_consumer, heard);
    world.tell(manager, open_atom::value, session_id{1}, receive_request{}, consumer);
    world.tell(parts->session, accepted(1000));
  }

  ~StatusOfSessions() override {
    end_session(world, *parts);
    world.kill(manager);
    world.kill(consumer);
  }

  scripted_world world;
  std::shared_ptr<consumer_record> heard = std::make_shared<consumer_record>();
  std::shared_ptr<receive_parts_record> parts = std::make_shared<receive_parts_record>();
  session_manager_actor manager;
  consumer_actor consumer;
};

TEST_F(StatusOfSessions, NamesEveryActorOfASession) {
  const auto tree = world.status(manager);
  EXPECT_EQ(tree.actor, "session_manager");
  EXPECT_EQ(fact(tree, "receive sessions"), "1");
  ASSERT_EQ(tree.children.size(), 1U);
  const auto& session = tree.children.front();
  EXPECT_EQ(session.actor, "receive_session");
  EXPECT_EQ(session.state, "receiving");
  for (const auto* kind : {"control_client", "socket_reader", "reassembly", "writer"})
    EXPECT_NE(find_actor(session, kind), nullptr) << kind;
}

TEST_F(StatusOfSessions, KeepsTheSessionInSightWhenOneOfItsChildrenIsStuck) {
  parts->mute = "reassembly";
  const auto tree = world.status(manager, 4 * status_patience);
  ASSERT_EQ(tree.children.size(), 1U);
  const auto& session = tree.children.front();
  EXPECT_EQ(session.state, "receiving") << "a stuck grandchild takes its parent with it";
  ASSERT_EQ(session.children.size(), 5U);
  std::size_t silent = 0;
  for (const auto& child : session.children)
    silent += child.answered ? 0U : 1U;
  EXPECT_EQ(silent, 1U);
  EXPECT_NE(find_actor(session, "writer"), nullptr);
}

} // namespace
} // namespace status_test
} // namespace fleetcast::actors::testing
