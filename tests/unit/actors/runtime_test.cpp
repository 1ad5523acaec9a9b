#include "actors/io/io_thread.hpp"
#include "actors/runtime.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

namespace fleetcast::actors {
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

} // namespace
} // namespace fleetcast::actors
