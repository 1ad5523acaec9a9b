#include "actors/console/console.hpp"

#include "actors/console/socket_directory.hpp"
#include "actors/kit/own_thread.hpp"

#include <utility>

namespace fleetcast::actors {

namespace {

tl::expected<std::shared_ptr<console_server>, failure> listen(io::io_thread& io,
                                                              const console_options& options) {
  const auto directory = options.directory.empty() ? default_socket_directory() : options.directory;
  if (auto prepared = prepare_socket_directory(directory); !prepared)
    return tl::unexpected{std::move(prepared.error())};
  remove_dead_consoles(directory);
  return console_server::listen(io, own_socket_path(directory, options.program));
}

} // namespace

console_host::console_host(caf::actor_system& system, io::io_thread& io,
                           const steered_session_manager_actor& manager,
                           const console_options& options) {
  if (options.has_socket) {
    auto listening = listen(io, options);
    if (listening)
      server_ = std::move(*listening);
    else
      problem_ = std::move(listening.error());
  }
  auto spawned
    = spawn_on_own_thread(system, "the console", console,
                          console_config{options.program, options.version, options.name_error,
                                         manager, server_, options.may_shut_down});
  if (!spawned) {
    problem_ = std::move(spawned.error());
    server_ = nullptr;
    return;
  }
  actor_ = *std::move(spawned);
  if (server_)
    server_->start([actor = actor_](std::string line, console_reply reply) {
      caf::anon_send(actor, console_request{std::move(line), std::move(reply)});
    });
}

console_host::~console_host() {
  if (server_)
    server_->stop();
}

tl::expected<std::filesystem::path, failure> console_host::path() const {
  if (problem_)
    return tl::unexpected{problem_};
  return server_ ? server_->path() : std::filesystem::path{};
}

} // namespace fleetcast::actors
