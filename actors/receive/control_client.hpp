/// Client end of a control connection: the actor around a conversation (protocol/control/client.hpp).
///
/// Connects when spawned, with its own identity if it is to authenticate itself, and shows that to no server but the one
/// given or pinned; carries messages between the connection and the conversation; reports to its receive_session:
/// server_accepted, receipt_confirmed and, last and exactly once, server_left: with code none when the connection ended
/// after the receipt was noted. After `stop` nothing is reported any more: what is queued (a leave) is flushed, then the
/// actor ends, within `control_limits::close`.
///
/// Who monitors whom: this actor monitors its session and closes the connection when it dies. The
/// session monitors this actor: a crash closes the connection without a server_left.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/kit/control_limits.hpp"
#include "actors/kit/link_events.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/receiving.hpp"
#include "actors/receive/server_trust.hpp"
#include "actors/tls/tls_dialer.hpp"
#include "protocol/control/client.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fleetcast::actors {

/// control_client_actor and what its connection tells it.
using control_client_link
  = control_client_actor::extend<caf::reacts_to<link_ready>, caf::reacts_to<link_message>,
                                 caf::reacts_to<link_broken>, caf::reacts_to<link_credentials>,
                                 caf::reacts_to<link_verdict>>;

class control_client_state {
public:
  using pointer = control_client_link::stateful_pointer<control_client_state>;

  explicit control_client_state(pointer self) : self_(self) {}
  ~control_client_state();

  static constexpr const char* name = "control_client";

  control_client_link::behavior_type start(io::io_thread& io, receive_request request,
                                           std::uint32_t cache_blocks,
                                           receive_session_actor session,
                                           const control_limits& limits);

private:
  using conversation = protocol::control::client;

  failure check_request() const;
  protocol::wire::session_request make_request() const;
  void prepare();
  void on_credentials(const link_credentials& mine);
  void connect(io::client_credentials credentials);
  void on_ready(const link_ready& ready);
  void on_broken(failure reason);

  void obey();
  void obey(const protocol::wire::client_message& message);
  void obey(conversation::look_up);
  void obey(conversation::receive);
  void obey(conversation::limit_answer limit);
  void obey(conversation::no_limit);
  void obey(conversation::close);
  void obey(conversation::quit);
  void obey(const protocol::wire::session_accept& accept);
  void obey(const protocol::wire::feedback_state& state);
  void obey(const protocol::wire::fetched& part);
  void obey(conversation::receipted);
  void obey(conversation::closed report);
  status_snapshot status() const;

  pointer self_;
  io::io_thread* io_ = nullptr;
  receive_request request_;
  std::uint32_t cache_blocks_ = 0;
  receive_session_actor session_;
  control_limits limits_;
  vitals vitals_;
  std::string server_; ///< "host:port"
  std::optional<server_trust> trust_;
  std::shared_ptr<io::tls_dialer> dialer_;
  std::shared_ptr<io::tls_connection> connection_;
  std::optional<conversation> conversation_;
};

/// `io` must outlive the actor. To spawn, wrap it in a lambda, since a spawn copies its arguments;
/// give that lambda an argument besides the self pointer: CAF 0.17 dereferences a null pointer
/// otherwise, which a debug build's assertions and the sanitizers do not let pass.
control_client_link::behavior_type
control_client(control_client_link::stateful_pointer<control_client_state> self, io::io_thread& io,
               receive_request request, std::uint32_t cache_blocks, receive_session_actor session);

/// The same with other limits than the default ones.
control_client_link::behavior_type
control_client_within(control_client_link::stateful_pointer<control_client_state> self,
                      io::io_thread& io, receive_request request, std::uint32_t cache_blocks,
                      receive_session_actor session, control_limits limits);

} // namespace fleetcast::actors
