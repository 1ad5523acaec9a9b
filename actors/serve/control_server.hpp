/// Server end of one control connection: the actor around a conversation (protocol/control/server.hpp).
///
/// Carries messages between the connection, the conversation, the content opener and lister, the manager and the
/// transmission. Until the request is whole the connection has `control_limits::request`; then the content is
/// opened and the manager asked, or a list made, which has `control_limits::join`.
///
/// Who monitors whom: the listener monitors this actor; this actor monitors the send_session that
/// took its client, and ends the client's session with `internal` if it dies. The session must
/// monitor `join_request::link`: it hears (leave_atom, id, reason) when the client leaves or its
/// connection breaks, but not when this actor itself crashes, or gave up waiting for a late answer
/// to join. A crash closes the connection, which its client sees as connection_lost.
#pragma once

#include "actors/kit/control_limits.hpp"
#include "actors/kit/link_events.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/serving.hpp"
#include "actors/serve/acceptor.hpp"
#include "actors/serve/content_lister.hpp"
#include "actors/serve/content_opener.hpp"
#include "protocol/control/server.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fleetcast::actors {

using link_outcome = protocol::control::outcome;
constexpr std::size_t link_outcome_count = protocol::control::outcome_count;

/// control_server_actor and what its connection tells it.
using control_link_actor
  = control_server_actor::extend<caf::reacts_to<link_ready>, caf::reacts_to<link_message>,
                                 caf::reacts_to<link_broken>>;

struct control_server_config {
  accepted_connection accepted;
  content_opener_actor opener;
  content_lister_actor lister;
  transmissions_actor manager;
  control_limits limits;
  caf::actor_addr listener; ///< told the outcome, last
};

class control_server_state {
public:
  using pointer = control_link_actor::stateful_pointer<control_server_state>;

  explicit control_server_state(pointer self) : self_(self) {}
  ~control_server_state();

  static constexpr const char* name = "control_server";

  control_link_actor::behavior_type start(control_server_config config);

private:
  using conversation = protocol::control::server;

  template <class... Ts>
  void tell(Ts&&... what);

  void on_joined(join_reply reply);
  void on_no_answer(const caf::error& reason);

  void obey();
  void obey(const protocol::wire::server_message& message);
  void obey(conversation::receive);
  void obey(conversation::has_request);
  void obey(conversation::limit_linger);
  void obey(conversation::close);
  void obey(conversation::quit);
  void obey(conversation::open order);
  void obey(conversation::join order);
  void obey(conversation::list order);
  void obey(const conversation::refused& report);
  void obey(const protocol::wire::receipt& receipt);
  void obey(const protocol::wire::fetch& message);
  void obey(conversation::left report);
  status_snapshot status() const;

  pointer self_;
  control_server_config config_;
  std::string peer_;
  std::string client_;              ///< its fingerprint; empty: it did not say
  std::shared_ptr<content> object_; ///< between open and join
  vitals vitals_;
  send_session_actor session_;
  protocol::receiver_id receiver_ = 0;
  std::optional<conversation> conversation_;
};

control_link_actor::behavior_type
control_server(control_link_actor::stateful_pointer<control_server_state> self,
               control_server_config config);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::control::outcome)
