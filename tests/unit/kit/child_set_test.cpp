#include "actors/kit/child_set.hpp"
#include "tests/support/actor_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleetcast::actors::testing {
namespace child_set_test {
namespace {

using farewell = child_set::farewell;

/// Ends when told to stop, and writes down that it was.
caf::behavior stoppable(caf::event_based_actor* self, std::vector<std::string>* told) {
  return {[=](stop_atom) {
    told->push_back("stop");
    self->quit();
  }};
}

class ChildSet : public ::testing::Test {
protected:
  ~ChildSet() override { world.kill(parent); }

  caf::actor make() { return world.system().spawn(stoppable, &told); }

  caf::event_based_actor* self() {
    return static_cast<caf::event_based_actor*>(caf::actor_cast<caf::abstract_actor*>(parent));
  }

  std::vector<std::string> told;
  scripted_world world;
  caf::actor parent = world.system().spawn([this](caf::event_based_actor* me) -> caf::behavior {
    me->set_down_handler([this](const caf::down_msg& down) { lost = down.source; });
    return {[](tick_atom) {}};
  });
  caf::actor_addr lost;
  child_set children;
};

TEST_F(ChildSet, NamesTheOneThatDied) {
  world.run();
  const auto reader = make();
  const auto writer = make();
  children.add(self(), "reader", reader, farewell::exit);
  children.add(self(), "writer", writer, farewell::exit);
  world.kill(writer);
  world.run();
  ASSERT_TRUE(lost);
  EXPECT_STREQ(children.name_of(lost), "writer");
  EXPECT_EQ(children.name_of(parent->address()), nullptr);
  world.kill(reader);
}

TEST_F(ChildSet, TellsEachToEndInItsWayAndForgetsIt) {
  world.run();
  const auto closes_first = make();
  const auto just_ends = make();
  children.add(self(), "closes first", closes_first, farewell::stop);
  children.add(self(), "just ends", just_ends, farewell::exit);
  EXPECT_EQ(children.all(), (std::vector{closes_first, just_ends}));
  children.end();
  world.run();
  EXPECT_TRUE(has_ended(closes_first));
  EXPECT_TRUE(has_ended(just_ends));
  EXPECT_EQ(told, std::vector<std::string>{"stop"});
  EXPECT_TRUE(children.all().empty());
}

} // namespace
} // namespace child_set_test
} // namespace fleetcast::actors::testing
