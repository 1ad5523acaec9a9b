#include "actors/runtime.hpp"
#include "api/engine.hpp"

namespace fleetcast::api {

namespace {

actors::runtime_options options_for(std::size_t worker_threads) {
  actors::runtime_options options;
  if (worker_threads > 0)
    options.worker_threads = worker_threads;
  return options;
}

class runtime_engine : public engine {
public:
  explicit runtime_engine(std::size_t worker_threads) : runtime_(options_for(worker_threads)) {}

  caf::actor_system& system() override { return runtime_.system(); }
  const actors::session_manager_actor& manager() const override { return runtime_.manager(); }

private:
  actors::runtime runtime_;
};

} // namespace

std::unique_ptr<engine> make_runtime_engine(std::size_t worker_threads) {
  return std::make_unique<runtime_engine>(worker_threads);
}

} // namespace fleetcast::api
