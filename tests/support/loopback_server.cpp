#include "tests/support/loopback_server.hpp"

#include "actors/serve/control_listener.hpp"
#include "actors/serve/directory_provider.hpp"
#include "actors/serve/transmissions.hpp"
#include "tests/support/actor_fixture.hpp"

#include <stdexcept>

namespace fleetcast::actors::testing {

namespace asio = boost::asio;

loopback_server::loopback_server(const send_options& options,
                                 const std::filesystem::path& directory) {
  runtime_options with;
  with.serving = serving(options);
  runtime_ = std::make_unique<runtime>(with);
  auto sockets
    = listen_on(runtime_->io(), asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0});
  if (!sockets)
    throw std::runtime_error{sockets.error().text};
  auto catalog = directory_provider::make({{"lab", directory.string()}});
  if (!catalog)
    throw std::runtime_error{catalog.error().text};
  port_ = sockets->port();
  listener_ = runtime_->system().spawn(
    [&io = runtime_->io(), sockets = *sockets, who = options.identity,
     manager
     = runtime_->manager()](control_listening_actor::stateful_pointer<control_listener_state> self,
                            std::shared_ptr<content_catalog> objects) {
      return control_listener(self, io, sockets, who,
                              std::make_shared<offer>(offer_terms{objects, nullptr}), manager, {});
    },
    std::shared_ptr<content_catalog>{*catalog});
}

loopback_server::~loopback_server() {
  caf::anon_send(listener_, stop_atom::value);
  listener_ = nullptr;
}

status_snapshot loopback_server::status() {
  caf::scoped_actor self{runtime_->system()};
  return ask_status(self, caf::actor_cast<caf::actor>(runtime_->manager()));
}

} // namespace fleetcast::actors::testing
