/// The client's end of the control conversation, without connection, clock or actor.
///
///     connecting ─> asking ─> joined ─> receipted ─> closing
///
/// The server's identity is compared with the one given, or looked up among the pinned ones, before anything is sent;
/// then one request, its answer, and at most one receipt and one leave (docs/protocol.md 3). What is to be done is
/// taken out as orders, one `closed` among them at most: with code none when the connection ended after the receipt
/// was noted. After `stop` nothing is reported any more.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/order_queue.hpp"
#include "protocol/self_check.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace fleetcast::protocol::control {

class client {
public:
  struct question {
    std::string server;      ///< as people name it: HOST:PORT
    std::string fingerprint; ///< that the server must have; empty: the pinned one
    wire::session_request request;
  };

  /// Who answers at the other end.
  struct peer_identity {
    std::string fingerprint;
    wire::public_key key{};
  };

  enum class phase : std::uint8_t { connecting, asking, joined, receipted, closing };

  // Orders to the connection.
  struct look_up {}; ///< compare the peer with the pinned identity, or pin it; then on_verdict
  struct receive {}; ///< one more message
  struct limit_answer {
    failure late; ///< what the connection breaks with, should no answer come
  };
  struct no_limit {}; ///< the answer has come
  struct close {};    ///< flush what is queued, and say farewell
  struct quit {};     ///< there is no connection any more

  // Reports to the session.
  struct receipted {};
  struct closed {
    failure reason;
  };

  using order
    = std::variant<wire::client_message, look_up, receive, limit_answer, no_limit, close, quit,
                   wire::session_accept, wire::feedback_state, wire::fetched, receipted, closed>;

  explicit client(question asked) : asked_(std::move(asked)) {}

  /// The handshake is done.
  void on_ready(peer_identity peer);

  /// Of the look-up; code none: it is the pinned identity, or it is pinned now.
  void on_verdict(const failure& refused);

  /// A whole message, as it came.
  void on_message(std::span<const std::byte> body);

  /// There never was, or is no longer, a connection.
  void on_broken(failure reason);

  /// The session has something to say: a receipt, a leave, a fetch. Dropped where it has no place.
  void send(wire::client_message message);

  /// The session is gone. What is queued is still flushed.
  void stop();

  /// What to do next, until there is none. To be taken after each of the calls above.
  std::optional<order> next_order() {
    check_self_(*this);
    return orders_.next();
  }

  phase where() const noexcept { return phase_; }
  const peer_identity& peer() const noexcept { return peer_; }

  [[nodiscard]] bool validate() const;

private:
  void take(const wire::session_accept& accept);
  void take(const wire::session_reject& reject);
  void take(const wire::session_ended& ended);
  void take(wire::receipt_noted);
  void take(const wire::feedback_state& state);
  void take(const wire::fetched& part);
  void take(const wire::listing& page);

  bool comes_too_early();
  failure check_accept(const wire::session_accept& accept) const;
  void ask();
  void end(failure reason);
  void report_closed(failure reason);

  question asked_;
  peer_identity peer_;
  order_queue<order> orders_;
  self_check check_self_;
  phase phase_ = phase::connecting;
  bool has_connection_ = false;
  bool owes_report_ = true;
};

const char* to_string(client::phase phase) noexcept;

} // namespace fleetcast::protocol::control
