/// From a host name to a connection whose other end has proven its identity: a TCP connection (tcp_dialer), then the
/// handshake, both within one limit of time. No actor; lives on the I/O thread.
#pragma once

#include "actors/tls/tcp_dialer.hpp"
#include "actors/tls/tls_connection.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fleetcast::actors::io {

class tls_dialer : public std::enable_shared_from_this<tls_dialer> {
public:
  using limits = tcp_dialer::limits; ///< `total` for everything, the handshake included

  /// Called on the I/O thread. `ready` at most once; `closed` exactly once and last, also for what
  /// goes wrong before there is a connection.
  struct events {
    std::function<void(std::shared_ptr<tls_connection>, const peer_identity&)> ready;
    std::function<void(protocol::wire::message_bytes)> message;
    std::function<void(protocol::failure)> closed;
  };

  tls_dialer(boost::asio::io_context& context, std::string host, std::uint16_t port,
             client_credentials credentials, const limits& bounds, events callbacks);

  /// Any thread, once.
  void start();

  /// Any thread. No event comes afterwards, unless it was on its way.
  void abandon();

private:
  using tcp = boost::asio::ip::tcp;

  void dial();
  void shake_hands(const tcp_dialer& dialled, tcp::socket connected);
  void fail(protocol::failure reason);

  boost::asio::io_context& io_;
  std::string host_;
  std::uint16_t port_;
  client_credentials credentials_;
  limits limits_;
  events events_;
  std::weak_ptr<tcp_dialer> dialling_; ///< which holds this one
  std::shared_ptr<tls_connection> connection_;
  bool is_over_ = false; ///< for the dialling: a connection reports by itself
};

} // namespace fleetcast::actors::io
