/// The server's end of one control conversation, without connection, clock or actor.
///
///     handshaking ─> requesting ─> joining ─> joined ─> receipted ─> closing
///                        └───────> listing <─> listed ──────────────────┘
///
/// One request, then at most one receipt and one leave, and as many fetches as the transmission lets pass; or requests
/// to list, one after the other: anything else ends the connection, and it alone (docs/protocol.md 3). What is to be
/// done is taken out as orders.
///
/// A transmission that took the client hears `left` exactly once, unless the receipt came first or the transmission itself
/// ended the client's session.
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

/// How a conversation ended, for counters.
enum class outcome : std::uint8_t {
  completed,        ///< the receipt arrived
  left,             ///< the client left, or its connection broke, after it had joined
  ended,            ///< the session or the server ended it
  listed,           ///< a list was asked for, and sent
  rejected,         ///< the request was refused
  handshake_failed, ///< no TLS 1.3 came about
  broken_early,     ///< closed before there was a request
  too_slow,         ///< no whole request in time
  malformed,        ///< bytes that are no message, or a message out of order
};

constexpr std::size_t outcome_count = static_cast<std::size_t>(outcome::malformed) + 1;

const char* to_string(outcome how) noexcept;

class server {
public:
  enum class phase : std::uint8_t {
    handshaking,
    requesting,
    joining,
    joined,
    receipted,
    listing, ///< an answer is owed
    listed,  ///< it was sent: the client may ask again
    closing,
  };

  // Orders to the connection.
  struct receive {};      ///< one more message
  struct has_request {};  ///< it came: no limit of time any more, and its place is free
  struct limit_linger {}; ///< the client should close now, or, of a list, ask for more
  struct close {};        ///< flush what is queued, and say farewell
  struct quit {};         ///< there is no connection any more

  // Orders to the content opener and the session manager.
  struct open {
    wire::session_request request; ///< may it be had? Then `on_opened`, or `refuse`
  };
  struct join {
    wire::session_request request; ///< then `on_joined`, or `refuse`
  };
  struct list {
    wire::list_request request; ///< then `on_listed`, or `refuse`
  };
  struct refused {
    failure reason; ///< for the operator; the client is told
  };

  // Reports to the transmission that took the client.
  struct left {
    failure reason;
  };

  using order = std::variant<wire::server_message, receive, has_request, limit_linger, close, quit,
                             open, join, list, refused, wire::receipt, wire::fetch, left>;

  /// `peer` as people name it: ADDRESS:PORT.
  explicit server(std::string peer) : peer_(std::move(peer)) {}

  /// The handshake is done.
  void on_ready();

  /// A whole message, as it came.
  void on_message(std::span<const std::byte> body);

  void on_broken(const failure& reason);

  void on_opened();

  /// The transmission took the client. It may have gone meanwhile: then `left` follows.
  void on_joined(wire::session_accept accept);

  void on_listed(wire::listing page);

  /// The answer to `open`, `join` or `list` is no.
  void refuse(failure reason);

  /// What the transmission says to its client. Dropped where it has no place.
  void send(wire::session_ended message);
  void send(wire::receipt_noted message);
  void send(wire::fetched part);
  void send(wire::feedback_state state);

  /// The transmission is gone; `failed`: not as it should.
  void on_transmission_down(bool failed);

  /// The server shuts down.
  void stop();

  /// What to do next, until there is none. To be taken after each of the calls above.
  std::optional<order> next_order() {
    check_self_(*this);
    return orders_.next();
  }

  phase where() const noexcept { return phase_; }

  /// As it stands; final with `quit`.
  outcome how() const noexcept { return outcome_; }

  /// From the request; empty before.
  const std::string& host_name() const noexcept { return host_name_; }
  const std::string& object() const noexcept { return object_; } ///< or what is to be listed

  [[nodiscard]] bool validate() const;

private:
  void take(wire::session_request request);
  void take(const wire::receipt& receipt);
  void take(const wire::leave& message);
  void take(const wire::fetch& message);
  void take(wire::list_request request);

  void end(failure reason, outcome how);
  void protocol_error(failure reason);
  void tell_end(failure reason);
  void leave(failure reason);
  outcome so_far(outcome otherwise) const noexcept;
  void close_with(outcome how);
  void note_request(const std::string& host_name, std::string object);
  bool speaks(std::uint16_t version);
  bool is_before_request() const noexcept;
  bool is_asked() const noexcept;

  std::string peer_;
  std::string host_name_;
  std::string object_;
  std::optional<wire::session_request> request_; ///< until it is joined
  wire::feature_set features_;                   ///< of the client
  order_queue<order> orders_;
  self_check check_self_;
  phase phase_ = phase::handshaking;
  outcome outcome_ = outcome::broken_early;
  bool owes_leave_ = false;
};

const char* to_string(server::phase phase) noexcept;

/// What a connection breaks with when its request does not come in time.
failure too_slow();

} // namespace fleetcast::protocol::control
