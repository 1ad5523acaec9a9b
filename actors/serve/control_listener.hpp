/// Accepts control connections and starts a control_server for each.
///
/// Who monitors whom: this actor monitors its control_servers; one that crashes costs its own
/// client only. When this actor ends, in whatever way, the sockets close and every control_server
/// is told to stop; after `stop` it ends once they have.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/kit/control_limits.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/serving.hpp"
#include "actors/serve/acceptor.hpp"
#include "actors/serve/content_lister.hpp"
#include "actors/serve/content_opener.hpp"
#include "actors/serve/control_server.hpp"
#include "actors/serve/listening_sockets.hpp"
#include "actors/serve/offer.hpp"
#include "actors/trust/identity.hpp"

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace fleetcast::actors {

/// control_listener_actor and what its acceptor and its control_servers tell it.
using control_listening_actor = control_listener_actor::extend<caf::reacts_to<accepted_connection>,
                                                               caf::reacts_to<link_outcome>>;

class control_listener_state {
public:
  using pointer = control_listening_actor::stateful_pointer<control_listener_state>;

  explicit control_listener_state(pointer self) : self_(self) {}
  ~control_listener_state();

  static constexpr const char* name = "control_listener";

  control_listening_actor::behavior_type start(io::io_thread& io, listening_sockets sockets,
                                               const io::identity& who,
                                               std::shared_ptr<const offer> offered,
                                               transmissions_actor manager,
                                               const control_limits& limits);

private:
  void give_up(const failure& reason);
  void on_accepted(const accepted_connection& accepted);
  void on_down(const caf::down_msg& down);
  void stop();
  void stop_links();
  status_snapshot status() const;
  std::vector<caf::actor> children() const;

  pointer self_;
  std::shared_ptr<acceptor> acceptor_;
  content_opener_actor opener_;
  content_lister_actor lister_;
  transmissions_actor manager_;
  control_limits limits_;
  std::vector<boost::asio::ip::tcp::endpoint> addresses_;
  std::map<caf::actor_addr, control_server_actor> links_;
  vitals vitals_;
  std::array<std::uint64_t, link_outcome_count> outcomes_{};
  bool is_stopping_ = false;
};

/// `io` must outlive the actor. To spawn, wrap it in a lambda, since a spawn copies its arguments;
/// give that lambda an argument besides the self pointer: CAF 0.17 dereferences a null pointer
/// otherwise, which a debug build's assertions and the sanitizers do not let pass.
/// What is offered is opened on one thread of its own, and listed on another.
control_listening_actor::behavior_type
control_listener(control_listening_actor::stateful_pointer<control_listener_state> self,
                 io::io_thread& io, listening_sockets sockets,
                 std::shared_ptr<const io::identity> who, std::shared_ptr<const offer> offered,
                 transmissions_actor manager, control_limits limits);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::accepted_connection)
