#include "actors/runtime.hpp"

#include "actors/io/batch_scheduling.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/io/own_thread.hpp"
#include "actors/io/signals_blocked.hpp"
#include "actors/kit/lazy_sharing.hpp"
#include "actors/kit/refusable_start.hpp"
#include "actors/session_manager.hpp"

#include <caf/thread_hook.hpp>

#include <utility>

namespace fleetcast::actors {

namespace {

/// All threads of an actor system, those of actors with one of their own among them.
class in_batches final : public caf::thread_hook {
  void init(caf::actor_system&) override {}
  void thread_started() override { io::schedule_in_batches(); }
  void thread_terminates() override {}
};

caf::actor_system_config& configured(caf::actor_system_config& config,
                                     const runtime_options& options) {
  share_lazily(config, options.worker_threads);
  config.add_thread_hook<in_batches>();
  // CAF would log to files of its own accord if asked to by its defaults; we have a log.
  config.set("logger.verbosity", caf::atom("quiet"));
  if (options.configure)
    options.configure(config);
  return config;
}

} // namespace

struct runtime::implementation {
  explicit implementation(const runtime_options& options) : system(configured(config, options)) {
    if (auto refused = start_failure(system))
      throw io::thread_refused{std::move(refused)};
    manager = system.spawn(session_manager,
                           session_manager_config{&io, network_parts(io), options.serving});
    if (options.console)
      console = std::make_unique<console_host>(system, io, manager, *options.console);
  }

  ~implementation() {
    stop(manager);
    manager = nullptr;
    // Last of all, for those who want to know what does not end; and only once it has answered: who
    // cancels the one session of a program ends the program, and wants to hear that it was done.
    if (can_survey())
      stop(console->actor());
    console.reset();
    // Links and readers still closing use the I/O thread: it goes after every actor.
    system.await_all_actors_done();
    // But before the actor system: a handler that held the last reference to an actor has just let that
    // actor count itself as done, and is still ending it, which takes the system's clock.
    io.stop();
  }

  bool can_survey() const noexcept { return console && console->actor(); }

  /// And waits for its end.
  template <class Handle>
  void stop(const Handle& who) {
    // In a scope of its own: a scoped actor counts among those that are waited for afterwards.
    caf::scoped_actor self{system};
    self->monitor(who);
    self->send(who, stop_atom::value);
    self->receive([](const caf::down_msg&) {});
  }

  // Order matters: what actors leave behind may name the I/O thread until the actor system is gone.
  io::io_thread io;
  caf::actor_system_config config;
  caf::actor_system system;
  steered_session_manager_actor manager;
  std::unique_ptr<console_host> console;
};

tl::expected<std::unique_ptr<runtime>, failure> runtime::start(const runtime_options& options) {
  try {
    return std::make_unique<runtime>(options);
  } catch (const io::thread_refused& refused) {
    return tl::unexpected{refused.reason()};
  }
}

runtime::runtime(const runtime_options& options) {
  const io::signals_blocked guard;
  implementation_ = std::make_unique<implementation>(options);
}

runtime::~runtime() = default;

caf::actor_system& runtime::system() {
  return implementation_->system;
}

io::io_thread& runtime::io() {
  return implementation_->io;
}

const steered_session_manager_actor& runtime::manager() const {
  return implementation_->manager;
}

tl::expected<std::filesystem::path, failure> runtime::console_path() const {
  if (!implementation_->console)
    return std::filesystem::path{};
  return implementation_->console->path();
}

bool runtime::can_survey() const noexcept {
  return implementation_->can_survey();
}

void runtime::show(const caf::actor& other) {
  if (can_survey())
    caf::anon_send(implementation_->console->actor(), open_atom::value, other);
}

void runtime::survey(std::function<void(std::shared_ptr<const console_survey>)> reply) {
  if (can_survey())
    caf::anon_send(implementation_->console->actor(), survey_request{std::move(reply)});
}

} // namespace fleetcast::actors
