#include "apps/fleetcast/daemon/daemon.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

namespace fleetcast::apps {
namespace answers_test {
namespace {

using namespace std::chrono_literals;

using actors::status_atom;
using actors::status_snapshot;

/// Asked what it is, it says so, or keeps the question for ever.
caf::actor subject(actors::runtime& runtime, bool hangs) {
  return runtime.system().spawn([hangs](caf::event_based_actor* self) -> caf::behavior {
    return {[self, hangs](status_atom) -> caf::result<status_snapshot> {
      if (hangs)
        return self->make_response_promise<status_snapshot>();
      return status_snapshot{};
    }};
  });
}

} // namespace
} // namespace answers_test

using namespace answers_test;

TEST(Answers, WhoeverTheWatchdogIsFedForHasToGiveOne) {
  const auto started = actors::runtime::start({});
  ASSERT_TRUE(started);
  auto& runtime = **started;
  for (const bool hangs : {false, true}) {
    const auto asked = subject(runtime, hangs);
    EXPECT_EQ(answers(runtime, asked, hangs ? 20ms : 1h), !hangs);
    caf::anon_send_exit(asked, caf::exit_reason::kill);
  }
}

} // namespace fleetcast::apps
