/// Agents and coordinators over real connections on the loopback interface, in the test's own process.
#pragma once

#include "actors/fleet/agent.hpp"
#include "actors/fleet/coordinator.hpp"
#include "actors/fleet/link_acceptor.hpp"
#include "actors/fleet/link_network.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/trust/fleet_certificates.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fleetcast::actors::testing {

/// A node of the actor network: an actor system of its own, few threads.
class live_node {
public:
  explicit live_node(io::io_thread& io);
  ~live_node();

  live_node(const live_node&) = delete;
  live_node& operator=(const live_node&) = delete;

  caf::actor_system& system() noexcept { return *system_; }
  io::io_thread& io() noexcept { return io_; }

private:
  io::io_thread& io_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// An agent that waits at 127.0.0.1 on a port of its own. Not `guarded`: one from before there was a filter.
class live_agent {
public:
  live_agent(io::io_thread& io, fleet::link_context context,
             std::shared_ptr<fleet::agent_parts> parts, fleet::agent_limits limits = {},
             fleet::link_acceptor_limits bounds = {}, bool guarded = true);

  /// Closes its connections without a word, as a process that dies.
  ~live_agent();

  live_agent(const live_agent&) = delete;
  live_agent& operator=(const live_agent&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  fleet::fleet_host host() const { return {"127.0.0.1", port_}; }
  status_snapshot status();

  /// For connections from now on.
  void use(fleet::link_context context) { acceptor_->use(std::move(context)); }

  caf::actor_system& system() noexcept { return node_.system(); }
  const fleet::link_border& border() const noexcept { return border_; }
  const fleet::local_agent_actor& actor() const noexcept { return agent_; }

private:
  live_node node_;
  fleet::link_border border_;
  fleet::local_agent_actor agent_;
  std::shared_ptr<fleet::link_acceptor> acceptor_;
  std::uint16_t port_ = 0;
};

/// Reaches agents with these certificates. Not `guarded`: one from before there was a filter.
class live_coordinator {
public:
  live_coordinator(io::io_thread& io, fleet::link_context context, bool guarded = true);
  ~live_coordinator();

  live_coordinator(const live_coordinator&) = delete;
  live_coordinator& operator=(const live_coordinator&) = delete;

  caf::actor_system& system() noexcept { return node_.system(); }
  const fleet::link_border& border() const noexcept { return border_; }

  /// Dials once; the agent, or why not.
  tl::expected<fleet::agent_actor, protocol::failure> dial(const fleet::fleet_host& host);

  /// Starts a coordinator actor, which ends with this object.
  void start(fleet::fleet_plan plan);

  fleet::fleet_view view();

private:
  live_node node_;
  fleet::link_border border_;
  std::shared_ptr<fleet::link_network> network_;
  fleet::coordinator_actor coordinator_;
};

/// An authority with a coordinator and a host named 127.0.0.1, in a directory.
fleet::certificate_store make_fleet_certificates(const std::filesystem::path& directory);

fleet::credential_files host_credentials(const fleet::certificate_store& store,
                                         const std::string& name = "127.0.0.1");

} // namespace fleetcast::actors::testing
