/// The client's end of a conversation about what a server offers, without connection, clock or actor.
///
///     connecting ─> asking <─> answered
///                      └─> closing <─┘
///
/// The server's identity is compared with the one given, or looked up among the pinned ones, before anything is sent;
/// then page after page is asked for, each when the one before was taken (`go_on`), until there is none, or `stop`. What
/// is to be done is taken out as orders, exactly one `closed` among them: with code none when the last page came, or
/// after `stop`.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/order_queue.hpp"
#include "protocol/self_check.hpp"
#include "protocol/wire/control_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace fleetcast::protocol::control {

class lister {
public:
  struct question {
    std::string server;      ///< as people name it: HOST:PORT
    std::string fingerprint; ///< that the server must have; empty: the pinned one
    wire::list_request request;
  };

  enum class phase : std::uint8_t { connecting, asking, answered, closing };

  /// After this many pages a list counts as endless, and is given up: the server has passed a billion names by then.
  static constexpr std::size_t max_pages = 1U << 16U;

  // Orders to the connection.
  struct look_up {}; ///< compare the peer with the pinned identity, or pin it; then on_verdict
  struct receive {}; ///< one more message
  struct limit_answer {
    failure late; ///< what the connection breaks with, should no answer come
  };
  struct close {}; ///< flush what is queued, and say farewell

  // Reports to the caller.
  struct closed {
    failure reason;
  };

  using order = std::variant<wire::client_message, look_up, receive, limit_answer, close,
                             wire::listing, closed>;

  explicit lister(question asked) : asked_(std::move(asked)) {}

  /// The handshake is done, and this is who answered.
  void on_ready(const std::string& fingerprint);

  /// Of the look-up; code none: it is the pinned identity, or it is pinned now.
  void on_verdict(const failure& refused);

  /// A whole message, as it came.
  void on_message(std::span<const std::byte> body);

  /// There never was, or is no longer, a connection.
  void on_broken(failure reason);

  /// The page was taken: on to the next one.
  void go_on();

  /// Nobody wants more.
  void stop() { end({}); }

  /// What to do next, until there is none. To be taken after each of the calls above.
  std::optional<order> next_order() {
    check_self_(*this);
    return orders_.next();
  }

  phase where() const noexcept { return phase_; }

  [[nodiscard]] bool validate() const { return owes_report_ == (phase_ != phase::closing); }

private:
  void ask();
  void take(wire::listing page);
  void take(wire::session_reject reject);
  template <class Other>
  void take(const Other&);
  void end(failure reason);
  void report_closed(failure reason);

  question asked_;
  order_queue<order> orders_;
  self_check check_self_;
  std::size_t pages_ = 0;
  phase phase_ = phase::connecting;
  bool owes_report_ = true;
};

} // namespace fleetcast::protocol::control
