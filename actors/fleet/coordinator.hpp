/// The actor around a campaign (protocol/fleet/campaign.hpp): dials, carries its orders to agents and their answers
/// back, and calls its clock.
///
/// Supervision: monitors the agents it is in contact with; losing one means to dial it again.
#pragma once

#include "actors/fleet/messages.hpp"
#include "protocol/fleet/campaign.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

using protocol::fleet::campaign;
using protocol::fleet::fleet_host;
using protocol::fleet::fleet_view;
using protocol::fleet::host_view;
using protocol::fleet::start_policy;

// Of the coordinator's own network. No peer can send them: they have no form on a wire.

struct link_up {
  std::size_t host = 0;
  agent_actor agent;
};

struct link_failed {
  std::size_t host = 0;
  failure reason;
  campaign::prospect later = campaign::prospect::open;
};

using link_sink_actor = caf::typed_actor<caf::reacts_to<link_up>, caf::reacts_to<link_failed>>;

/// How a coordinator reaches agents; tests put another in its place.
class fleet_network {
public:
  fleet_network() = default;
  fleet_network(const fleet_network&) = delete;
  fleet_network& operator=(const fleet_network&) = delete;
  virtual ~fleet_network() = default;

  /// Does not block. `to` hears link_up or link_failed with this `number` within some seconds.
  virtual void dial(const fleet_host& host, std::size_t number, link_sink_actor to) = 0;
};

struct fleet_plan : protocol::fleet::campaign_plan {
  /// Called on the coordinator's thread, once, when every host has finished.
  std::function<void()> finished;
};

using view_atom = caf::atom_constant<caf::atom("view")>;

using coordinator_actor
  = watcher_actor::extend<caf::reacts_to<link_up>, caf::reacts_to<link_failed>,
                          caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>,
                          caf::replies_to<view_atom>::with<fleet_view>>;

class coordinator_state {
public:
  static inline const char* name = "fleet_coordinator";

  explicit coordinator_state(coordinator_actor::pointer self) : self_(self) {}

  coordinator_actor::behavior_type make_behavior(fleet_plan plan,
                                                 std::shared_ptr<fleet_network> network);

private:
  using contact = campaign::contact;

  /// The agent of each host in contact.
  struct connection {
    agent_actor agent;
    contact to;
  };

  void on_up(const link_up& up);
  void on_down(const caf::down_msg& down);
  void on_no_answer(const contact& from, const caf::error& error);
  void tick();

  void obey();
  void obey(const campaign::order& order);
  void ask(const campaign::order& order, const agent_actor& agent);
  template <class Answer, class... Ts>
  void request(const campaign::order& order, const agent_actor& agent, Ts&&... what);
  void release(std::size_t host);

  coordinator_actor::pointer self_;
  std::vector<fleet_host> hosts_;
  std::function<void()> finished_;
  std::shared_ptr<fleet_network> network_;
  std::optional<campaign> campaign_;
  std::vector<connection> connections_; ///< by host
  std::map<caf::actor_addr, std::size_t> by_agent_;
};

coordinator_actor::behavior_type
coordinator(coordinator_actor::stateful_pointer<coordinator_state> self, fleet_plan plan,
            std::shared_ptr<fleet_network> network);

} // namespace fleetcast::actors::fleet

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::fleet::fleet_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::link_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::fleet::link_up)
