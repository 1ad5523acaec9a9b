#include "actors/kit/lazy_sharing.hpp"
#include "actors/kit/own_thread.hpp"
#include "actors/runtime.hpp"
#include "tests/support/process_state.hpp"
#include "tests/support/thread_allowance.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

namespace fleetcast::actors {
namespace own_thread_test {
namespace {

using testing::allow_threads;
using testing::end_with;
using ::testing::HasSubstr;
using testing::process_state;

struct lazy_config : caf::actor_system_config {
  lazy_config() { share_lazily(*this, 2); }
};

using ask_atom = caf::atom_constant<caf::atom("ask")>;

caf::behavior tells_its_thread(caf::event_based_actor* self,
                               std::promise<std::thread::id>* thread) {
  return {[self, thread](ask_atom) {
    thread->set_value(std::this_thread::get_id());
    self->quit();
  }};
}

TEST(OwnThread, RunsItsActorAndGoesWithIt) {
  const auto before = process_state::now();
  std::promise<std::thread::id> first;
  std::promise<std::thread::id> second;
  {
    lazy_config config;
    caf::actor_system system{config};
    // Both before either ends: a thread that is gone leaves its id to the next.
    const auto one = spawn_on_own_thread(system, "a test", tells_its_thread, &first);
    const auto other = spawn_on_own_thread(system, "a test", tells_its_thread, &second);
    ASSERT_TRUE(one && other);
    for (const auto& each : {*one, *other})
      caf::anon_send(each, ask_atom::value);
  }
  EXPECT_NE(first.get_future().get(), second.get_future().get());
  const auto after = process_state::settled_at(before);
  EXPECT_EQ(after.threads, before.threads);
}

TEST(OwnThread, CountsAsRunningUntilItEnds) {
  std::promise<std::thread::id> thread;
  lazy_config config;
  caf::actor_system system{config};
  const auto actor = spawn_on_own_thread(system, "a test", tells_its_thread, &thread);
  ASSERT_TRUE(actor);
  EXPECT_EQ(system.registry().running(), 1U);
  caf::anon_send(*actor, ask_atom::value);
  system.await_all_actors_done();
  EXPECT_EQ(system.registry().running(), 0U);
}

TEST(OwnThread, WaitsForNoActorThatDoesNotCome) {
  const auto before = process_state::now();
  ASSERT_TRUE(waiting_thread::start("a test"));
  const auto after = process_state::settled_at(before);
  EXPECT_EQ(after.threads, before.threads);
}

/// In a process of its own, whose threads are numbered.
class RefusedThread : public ::testing::Test {
protected:
  RefusedThread() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// Had it counted as running the system would wait for it for ever.
TEST_F(RefusedThread, LeavesNoActorBehind) {
  EXPECT_EXIT(
    {
      lazy_config config;
      bool refused = false;
      {
        caf::actor_system system{config};
        allow_threads(1);
        std::promise<std::thread::id> thread;
        const auto actor = spawn_on_own_thread(system, "a test", tells_its_thread, &thread);
        refused = !actor && io::is_thread_refusal(actor.error())
                  && actor.error().text.find("RLIMIT_NPROC") != std::string::npos;
      }
      end_with(refused, "the refusal names the limit");
    },
    ::testing::ExitedWithCode(0), "");
}

/// Whether it has all its threads; if not its refusal names the limit.
bool comes_up() {
  const auto started = runtime::start();
  if (!started && started.error().text.find("RLIMIT_NPROC") == std::string::npos)
    end_with(false, started.error().text.c_str());
  return started.has_value();
}

// Each number ends its start at another thread: I/O, worker, worker, clock.
TEST_F(RefusedThread, EndsTheStartOfARuntimeAndNothingElse) {
  EXPECT_EXIT(
    {
      allow_threads(1);
      const bool first = comes_up();
      bool last = false;
      for (rlim_t count = 2; count <= 40; ++count) {
        allow_threads(count);
        last = comes_up();
      }
      end_with(!first && last, "a runtime starts with forty threads, and not with one");
    },
    ::testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace own_thread_test
} // namespace fleetcast::actors
