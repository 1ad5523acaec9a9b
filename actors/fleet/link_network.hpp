/// The real way from a coordinator to agents: dials (tcp_dialer) and shakes hands with all hosts at once, each within a
/// time limit of its own, and hands the connections to CAF.
#pragma once

#include "actors/fleet/coordinator.hpp"
#include "actors/fleet/link_scribe.hpp"
#include "actors/io/io_thread.hpp"
#include "actors/trust/fleet_tls_context.hpp"

#include <chrono>
#include <memory>
#include <set>

namespace fleetcast::actors::fleet {

class link_dial;

class link_network final : public fleet_network, public std::enable_shared_from_this<link_network> {
public:
  /// From the name to the agent's greeting. Short, since it is tried again.
  static constexpr std::chrono::milliseconds dial_limit{4000};

  /// Both outlive it. Without `context` there is no TLS, and only addresses of this host are dialled.
  link_network(caf::actor_system& system, io::io_thread& io, link_context context,
               link_border border = {});

  void dial(const fleet_host& host, std::size_t number, link_sink_actor to) override;

  /// Ends what is under way and waits for that; nothing is dialled any more. To be called before the
  /// actor system goes, on none of its threads.
  void close();

private:
  friend class link_dial;

  caf::actor_system& system_;
  io::io_thread& io_;
  link_context context_;
  link_border border_;
  caf::actor introducer_;

  // On the I/O thread.
  std::set<std::shared_ptr<link_dial>> dials_;
  bool closed_ = false;
};

} // namespace fleetcast::actors::fleet
