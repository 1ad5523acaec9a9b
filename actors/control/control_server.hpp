/// Server end of one control connection.
///
///     handshaking ─> requesting ─> joining ─> joined ─> receipted ─> closing
///
/// Until the request is whole the connection has `control_limits::request`; then the content is
/// opened and the manager asked, which has `control_limits::join`. One request, then at most one
/// receipt and one leave per connection: anything else ends it, and it alone.
///
/// Who monitors whom: the listener monitors this actor; this actor monitors the send_session that
/// took its client, and ends the client's session with `internal` if it dies. The session must
/// monitor `join_request::link`: it hears (leave_atom, id, reason) when the client leaves or its
/// connection breaks, but not when this actor itself crashes, or gave up waiting for a late answer
/// to join. A crash closes the connection, which its client sees as connection_lost.
///
/// After a receipt, or after the session itself sent session_ended, no leave is sent any more.
#pragma once

#include "actors/control/acceptor.hpp"
#include "actors/control/content_opener.hpp"
#include "actors/control/limits.hpp"
#include "actors/control/link_events.hpp"
#include "actors/interfaces.hpp"
#include "actors/status.hpp"

#include <memory>
#include <string>

namespace fleetcast::actors {

/// How a connection ended, for the listener's counters.
enum class link_outcome : std::uint8_t {
  completed,        ///< the receipt arrived
  left,             ///< the client left, or its connection broke, after it had joined
  ended,            ///< the session or the server ended it
  rejected,         ///< the request was refused
  handshake_failed, ///< no TLS 1.3 came about
  broken_early,     ///< closed before there was a request
  too_slow,         ///< no whole request in time
  malformed,        ///< bytes that are no message, or a message out of order
};

constexpr std::size_t link_outcome_count = static_cast<std::size_t>(link_outcome::malformed) + 1;

const char* to_string(link_outcome outcome) noexcept;

/// control_server_actor and what its connection tells it.
using control_link_actor
  = control_server_actor::extend<caf::reacts_to<link_ready>, caf::reacts_to<link_message>,
                                 caf::reacts_to<link_broken>>;

struct control_server_config {
  accepted_connection accepted;
  content_opener_actor opener;
  session_manager_actor manager;
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
  enum class phase : std::uint8_t { handshaking, requesting, joining, joined, receipted, closing };

  void on_message(const link_message& message);
  void on_broken(const failure& reason);
  void on_session_down(const caf::error& reason);

  void take(protocol::wire::session_request request);
  void take(const protocol::wire::receipt& receipt);
  void take(const protocol::wire::leave& message);
  void take(const protocol::wire::fetch& message);
  void open(protocol::wire::session_request request);
  void join(protocol::wire::session_request request, std::shared_ptr<content> object);
  void on_joined(join_reply reply);
  void on_no_answer(const caf::error& reason);

  void send(const protocol::wire::server_message& message);
  void refuse(failure reason);
  void end(failure reason, link_outcome outcome);
  void protocol_error(failure reason);
  void leave_session(failure reason);
  void close(link_outcome outcome);
  status_snapshot status() const;

  pointer self_;
  control_server_config config_;
  phase phase_ = phase::handshaking;
  link_outcome outcome_ = link_outcome::broken_early;
  std::string peer_;
  std::string client_;                   ///< its fingerprint; empty: it did not say
  protocol::wire::feature_set features_; ///< of the client
  vitals vitals_;
  std::string host_name_;
  std::string object_;
  send_session_actor session_;
  protocol::receiver_id receiver_ = 0;
  bool owes_leave_ = false;
};

control_link_actor::behavior_type
control_server(control_link_actor::stateful_pointer<control_server_state> self,
               control_server_config config);

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_outcome)
