/// From a host name to a connection whose other end has proven its identity: resolve, try every
/// address, shake hands. No actor; lives on the I/O thread.
///
/// An address that has not answered for a moment is asked a second time, by a socket of its own; whichever
/// connects first is used and the other one closed. The kernel repeats a lost SYN only after a second: at 5 %
/// loss one connection in ten came that much later, and whoever joins a transmission late has the group send
/// again what it missed. (Browsers do it for the same reason; RFC 8305 names 250 ms between attempts.)
#pragma once

#include "actors/tls/tls_connection.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::io {

class tls_dialer : public std::enable_shared_from_this<tls_dialer> {
public:
  using tcp = boost::asio::ip::tcp;
  using duration = std::chrono::milliseconds;

  struct limits {
    duration total;   ///< for everything, the handshake included
    duration attempt; ///< for one address while others are left
    duration backup;  ///< for the first socket, before a second one tries the same address
  };

  /// Called on the I/O thread. `ready` at most once; `closed` exactly once and last, also for what
  /// goes wrong before there is a connection.
  struct events {
    std::function<void(std::shared_ptr<tls_connection>, const peer_identity&)> ready;
    std::function<void(protocol::wire::message_bytes)> message;
    std::function<void(protocol::failure)> closed;
  };

  tls_dialer(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
             client_credentials credentials, limits bounds, events callbacks);

  /// Any thread, once.
  void start();

  /// Any thread. No event comes afterwards, unless it was on its way.
  void abandon();

private:
  using error_code = boost::system::error_code;

  void resolve();
  void on_resolved(const error_code& error, const tcp::resolver::results_type& results);
  void try_next();
  void give_up(const tcp::endpoint& address, const error_code& error);
  error_code connect(const tcp::endpoint& address);
  void arm(boost::asio::steady_timer& timer, duration wait, std::function<void()> late);
  void on_connected(const std::shared_ptr<tcp::socket>& socket, const error_code& error);
  void drop_attempts();
  void shake_hands(tcp::socket connected);
  void fail(protocol::failure reason);
  protocol::failure all_failed() const;
  protocol::failure too_late() const;
  duration time_left() const;

  boost::asio::io_context& io_;
  std::string host_;
  std::uint16_t port_;
  std::string name_; ///< "host:port", for texts
  client_credentials credentials_;
  limits limits_;
  events events_;
  tcp::resolver resolver_;
  std::vector<std::shared_ptr<tcp::socket>> attempts_; ///< at one address, not connected yet
  boost::asio::steady_timer total_;
  boost::asio::steady_timer attempt_;
  boost::asio::steady_timer backup_;
  std::shared_ptr<tls_connection> connection_;

  std::vector<tcp::endpoint> candidates_;
  std::size_t next_ = 0;

  struct attempt_failure {
    tcp::endpoint address;
    error_code error;
  };
  std::vector<attempt_failure> failed_;
  bool is_over_ = false;
};

} // namespace fleetcast::actors::io
