#include "actors/fleet/network_module.hpp"

#include "actors/io/thread_limit.hpp"
#include "actors/kit/refusable_start.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <system_error>

namespace fleetcast::actors::fleet {

namespace {

/// A base of its own, so that it outlives the middleman, which holds on to it until its last moment.
struct multiplexer_owner {
  explicit multiplexer_owner(caf::actor_system& system) : multiplexer(&system) {}

  caf::io::network::default_multiplexer multiplexer;
};

class network_module final : private multiplexer_owner,
                             public caf::io::middleman,
                             public refusable_start {
public:
  explicit network_module(caf::actor_system& system)
    : multiplexer_owner(system),
      middleman(system) {}

  const protocol::failure& start_failure() const noexcept override { return start_failure_; }
  caf::io::network::multiplexer& backend() override { return multiplexer; }

  /// The thread is the first thing that the middleman starts: without it there is nothing to undo.
  void start() override {
    try {
      middleman::start();
    } catch (const std::system_error&) {
      start_failure_ = io::thread_refusal("the network of the actor system");
    }
  }

  void stop() override {
    if (!start_failure_)
      middleman::stop();
  }

private:
  protocol::failure start_failure_;
};

} // namespace

void load_network(caf::actor_system_config& config) {
  config.set("middleman.attach-utility-actors", true);
  config.module_factories.push_back([](caf::actor_system& system) -> caf::actor_system::module* {
    return new network_module(system);
  });
}

} // namespace fleetcast::actors::fleet
