#include "actors/observe/log.hpp"
#include "actors/runtime.hpp"
#include "api/engine.hpp"
#include "api/error_codes.hpp"

#include <cerrno>

namespace fleetcast::api {

namespace {

actors::runtime_options options_for(std::size_t worker_threads, bool console) {
  actors::runtime_options options;
  if (worker_threads > 0)
    options.worker_threads = worker_threads;
  if (console)
    options.console
      = actors::console_options{program_invocation_short_name, FLEETCAST_VERSION, name_error, {}};
  return options;
}

class runtime_engine : public engine {
public:
  runtime_engine(std::size_t worker_threads, bool console)
    : runtime_(options_for(worker_threads, console)) {
    // Whoever wants to look into a process shall not keep it from its work.
    if (const auto path = runtime_.console_path(); !path)
      actors::log().warn("{}", path.error().text);
  }

  caf::actor_system& system() override { return runtime_.system(); }
  actors::session_manager_actor manager() const override { return runtime_.manager(); }
  void show(const caf::actor& other) override { runtime_.show(other); }

private:
  actors::runtime runtime_;
};

} // namespace

std::unique_ptr<engine> make_runtime_engine(std::size_t worker_threads, bool console) {
  return std::make_unique<runtime_engine>(worker_threads, console);
}

} // namespace fleetcast::api
