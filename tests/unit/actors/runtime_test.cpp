#include "actors/io/batch_scheduling.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/runtime.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

#include <sched.h>

namespace fleetcast::actors {
namespace runtime_test {
namespace {

constexpr int rounds = 50;

/// The thread sanitizer sees the two in conflict in any round; without it they collide in some.
TEST(Runtime, OutlivesAnActorThatEndsOnTheIoThread) {
  for (int i = 0; i < rounds; ++i) {
    auto world = std::make_unique<runtime>();
    auto waits = [](caf::event_based_actor*, int) -> caf::behavior { return {[](int) {}}; };
    auto last = world->system().spawn(waits, 0);
    std::promise<void> go;
    boost::asio::post(
      world->io().context(), [last = std::move(last), go = go.get_future()]() mutable {
        go.wait();
        last = nullptr; // nobody else knows it: it ends here, and the runtime waits for it
      });
    go.set_value();
    world.reset();
  }
}

using ask_atom = caf::atom_constant<caf::atom("ask")>;

/// Answers by how the kernel schedules its thread.
caf::behavior tells_policy(caf::event_based_actor* self) {
  return {[self](ask_atom) {
    self->quit();
    return sched_getscheduler(0);
  }};
}

/// The same of a thread that it starts, of code of the program.
caf::behavior lets_the_programs_code_tell(caf::event_based_actor* self) {
  return {[self](ask_atom) {
    self->quit();
    const auto code = [](caf::event_based_actor* other) {
      io::schedule_as_program();
      return tells_policy(other);
    };
    return self->delegate(self->spawn<caf::detached>(code), ask_atom::value);
  }};
}

TEST(Runtime, WorksInBatchesAndLeavesTheProgramsCodeAlone) {
  const auto here = sched_getscheduler(0);
  runtime world;
  caf::scoped_actor test{world.system()};
  const auto ask = [&](const caf::actor& who) {
    int policy = -1;
    test->request(who, caf::infinite, ask_atom::value)
      .receive([&](int answer) { policy = answer; },
               [&](const caf::error& error) { ADD_FAILURE() << world.system().render(error); });
    return policy;
  };
  EXPECT_EQ(ask(test->spawn(tells_policy)), here == SCHED_OTHER ? SCHED_BATCH : here);
  EXPECT_EQ(ask(test->spawn(lets_the_programs_code_tell)), here);
  EXPECT_EQ(sched_getscheduler(0), here);
}

} // namespace
} // namespace runtime_test
} // namespace fleetcast::actors
