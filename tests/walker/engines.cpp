#include "tests/walker/engines.hpp"

#include "actors/io/signals_blocked.hpp"
#include "actors/session_manager.hpp"

#include <new>
#include <system_error>
#include <utility>

namespace fleetcast::walker {

/// As actors::runtime, with other children for its sessions.
class engines::failing final : public api::engine {
public:
  failing(engines& owner, std::uint64_t seed) : owner_(owner), system_(configuration()) {
    actors::session_manager_config with;
    with.parts = failing_parts(owner.world_, seed);
    manager_ = system_.spawn(actors::session_manager, std::move(with));
    std::lock_guard guard{owner_.mutex_};
    owner_.manager_ = manager_;
  }

  ~failing() override {
    {
      std::lock_guard guard{owner_.mutex_};
      owner_.manager_ = nullptr;
    }
    {
      caf::scoped_actor self{system_};
      self->monitor(manager_);
      self->send(manager_, actors::stop_atom::value);
      self->receive([](const caf::down_msg&) {});
      manager_ = nullptr;
    }
    system_.await_all_actors_done();
  }

  caf::actor_system& system() override { return system_; }
  actors::session_manager_actor manager() const override { return manager_; }

private:
  caf::actor_system_config& configuration() {
    configuration_.set("scheduler.max-threads", 2U);
    configuration_.set("logger.verbosity", caf::atom("quiet"));
    return configuration_;
  }

  engines& owner_;
  caf::actor_system_config configuration_;
  caf::actor_system system_;
  actors::session_manager_actor manager_;
};

engines::engines(std::shared_ptr<const bad_world> world, std::uint64_t seed)
  : world_(std::move(world)),
    luck_(seed) {}

std::unique_ptr<api::engine> engines::make(std::size_t worker_threads) {
  std::uint64_t which = 0;
  std::uint64_t seed = 0;
  {
    std::lock_guard guard{mutex_};
    which = luck_.below(100);
    seed = luck_.seed();
  }
  if (which < 2) {
    ++refused_;
    throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again)};
  }
  if (which < 4) {
    ++refused_;
    throw std::bad_alloc{};
  }
  ++generation_;
  const actors::io::signals_blocked quiet;
  if (which < 50)
    return std::make_unique<failing>(*this, seed);
  ++real_;
  return api::make_runtime_engine(worker_threads);
}

void engines::kill_manager() {
  std::lock_guard guard{mutex_};
  if (!manager_)
    return;
  ++killed_;
  caf::anon_send_exit(manager_, caf::exit_reason::kill);
}

std::size_t engines::blocks_alive() const {
  return static_cast<std::size_t>(world_->blocks_alive.use_count() - 1);
}

void engines::print(std::ostream& out) const {
  out << "  worlds: " << real_ << " real, " << generation_ - real_ << " failing, " << refused_
      << " refused; managers killed: " << killed_ << '\n';
}

} // namespace fleetcast::walker
