/// What happens on a connection before the actor network sees it: TLS, then one line from the agent. The
/// line (link_greeting.hpp) tells the coordinator that its certificate was taken, which TLS 1.3 does not.
///
/// No actor; lives on the I/O thread. Bounded in time, whatever the peer does.
///
/// This is not a tls_connection, because CAF takes the link over: its multiplexer reads and writes the native socket
/// itself, through the same SSL object. Asio's TLS stream reads ahead into buffers of its own, which cannot be handed on.
/// So OpenSSL works on the socket here, and the greeting is read byte by byte.
#pragma once

#include "actors/trust/fleet_tls_context.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

struct ssl_st;

namespace fleetcast::actors::fleet {

/// A connection whose peer has proven who it is.
struct open_link {
  boost::asio::ip::tcp::socket socket;
  std::shared_ptr<ssl_st> tls; ///< null: a plain connection, which only the loopback interface has
  std::string peer;            ///< its certificate's name
};

struct unopened {
  protocol::failure reason;
  bool is_for_another_name
    = false; ///< the peer's certificate is the authority's, but for other names
};

/// Without a context there is no TLS.
class link_handshake : public std::enable_shared_from_this<link_handshake> {
public:
  using tcp = boost::asio::ip::tcp;
  using result = tl::expected<open_link, unopened>;
  using callback = std::function<void(result)>;
  using greeter = std::function<std::string()>;

  /// A coordinator's end. `host` is what it calls the agent.
  link_handshake(tcp::socket socket, link_context context, std::string host);

  /// An agent's end. Asked for its line once the coordinator is known; whatever that says, the link is handed over.
  link_handshake(tcp::socket socket, link_context context, greeter greet);

  /// Once, on the I/O thread. `over` is called there exactly once: not before this returns, but perhaps inside `abandon`.
  void start(std::chrono::milliseconds limit, callback over);

  /// On the I/O thread, once started. Its callback hears `reason` before this returns; nothing happens if it is over.
  void abandon(protocol::failure reason);

private:
  enum class step : std::uint8_t { tls, greeting, over };

  protocol::failure set_up();
  void go_on();
  bool shake_hands();
  bool say_greeting();
  bool hear_greeting();
  /// Bytes moved; 0: not now, and go_on() is called later; negative: never.
  int transfer(char* at, std::size_t size);
  int transfer_tls(char* at, int size);
  int transfer_plain(char* at, std::size_t size);
  /// What stopped TLS: errno, or 0 where OpenSSL knows; nothing: it goes on once the socket is ready.
  std::optional<int> fault_or_wait(int tls_result);
  void wait(tcp::socket::wait_type what);
  void fail_tls(int error);
  void fail(const std::string& what, int error);
  void succeed();
  void finish(result value);

  tcp::socket socket_;
  link_context context_;
  std::shared_ptr<ssl_st> tls_;
  link_role role_;
  std::string host_;
  greeter greet_;
  boost::asio::steady_timer timer_;
  step step_ = step::tls;
  std::string line_; ///< the agent's
  std::size_t said_ = 0;
  callback over_;
};

} // namespace fleetcast::actors::fleet
