#include "tests/support/live_fleet.hpp"

#include "actors/fleet/link_scribe.hpp"
#include "actors/io/signals_blocked.hpp"
#include "tests/support/actor_fixture.hpp"

#include <stdexcept>
#include <utility>

namespace fleetcast::actors::testing {

namespace asio = boost::asio;

live_node::live_node(io::io_thread& io) : io_(io) {
  const io::signals_blocked guard; // as in a program's runtime
  config_.set("scheduler.max-threads", std::size_t{1});
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("logger.verbosity", caf::atom("quiet"));
  fleet::configure_network(config_);
  system_ = std::make_unique<caf::actor_system>(config_);
}

live_node::~live_node() {
  system_->await_all_actors_done();
}

live_agent::live_agent(io::io_thread& io, fleet::link_context context,
                       std::shared_ptr<fleet::agent_parts> parts, fleet::agent_limits limits,
                       fleet::link_acceptor_limits bounds, bool guarded)
  : node_(io) {
  border_.guarded = guarded;
  limits.frames = border_.tally;
  auto sockets = listen_on(io, asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0});
  if (!sockets)
    throw std::runtime_error{sockets.error().text};
  port_ = sockets->port();
  agent_ = node_.system().spawn(fleet::agent, std::move(parts), limits);
  acceptor_ = std::make_shared<fleet::link_acceptor>(
    node_.system(), io, *sockets, std::move(context), caf::actor_cast<fleet::agent_actor>(agent_),
    border_, bounds);
  acceptor_->start();
}

live_agent::~live_agent() {
  acceptor_->close();
  caf::anon_send_exit(agent_, caf::exit_reason::kill);
  agent_ = nullptr;
}

status_snapshot live_agent::status() {
  caf::scoped_actor self{node_.system()};
  return ask_status(self, caf::actor_cast<caf::actor>(agent_));
}

live_coordinator::live_coordinator(io::io_thread& io, fleet::link_context context, bool guarded)
  : node_(io) {
  border_.guarded = guarded;
  network_ = std::make_shared<fleet::link_network>(node_.system(), io, std::move(context), border_);
}

live_coordinator::~live_coordinator() {
  if (coordinator_) {
    caf::scoped_actor self{node_.system()};
    self->send(std::exchange(coordinator_, nullptr), stop_atom::value);
  }
  network_->close();
}

tl::expected<fleet::agent_actor, protocol::failure>
live_coordinator::dial(const fleet::fleet_host& host) {
  caf::scoped_actor self{node_.system()};
  network_->dial(host, 0, caf::actor_cast<fleet::link_sink_actor>(caf::actor{self}));
  tl::expected<fleet::agent_actor, protocol::failure> result;
  self->receive([&](const fleet::link_up& up) { result = up.agent; },
                [&](const fleet::link_failed& failed) { result = tl::unexpected{failed.reason}; });
  return result;
}

void live_coordinator::start(fleet::fleet_plan plan) {
  coordinator_ = node_.system().spawn(fleet::coordinator, std::move(plan),
                                      std::shared_ptr<fleet::fleet_network>{network_});
}

fleet::fleet_view live_coordinator::view() {
  caf::scoped_actor self{node_.system()};
  fleet::fleet_view result;
  self->request(coordinator_, answer_patience, fleet::view_atom::value)
    .receive(
      [&](fleet::fleet_view& view) { result = std::move(view); },
      [](const caf::error&) { throw std::runtime_error{"the coordinator does not answer"}; });
  return result;
}

fleet::certificate_store make_fleet_certificates(const std::filesystem::path& directory) {
  fleet::certificate_store store{directory};
  auto failed = store.init(std::chrono::hours{24});
  if (!failed)
    failed = store.add_host({"127.0.0.1"}, std::chrono::hours{24}, false);
  if (failed)
    throw std::runtime_error{failed.text};
  return store;
}

fleet::credential_files host_credentials(const fleet::certificate_store& store,
                                         const std::string& name) {
  const auto place = store.host_directory(name);
  return {place / "host.pem", place / "host.key", place / "ca.pem"};
}

} // namespace fleetcast::actors::testing
