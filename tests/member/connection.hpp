/// A control connection of a client that says what it likes, blocking.
#pragma once

#include "protocol/wire/control_codec.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fleetcast::member {

class connection {
public:
  /// Throws boost::system::system_error.
  connection(const std::string& address, std::uint16_t port);

  /// Asks for an object. Throws std::runtime_error with the server's words if it refuses.
  protocol::wire::session_accept join(const std::string& name_space, const std::string& object);

  /// What the server said since the last call, without waiting. Throws boost::system::system_error once the server has
  /// closed the connection.
  std::optional<protocol::wire::server_message> poll();

private:
  protocol::wire::server_message receive();

  boost::asio::io_context io_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tlsv13_client};
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_{io_, context_};
};

} // namespace fleetcast::member
