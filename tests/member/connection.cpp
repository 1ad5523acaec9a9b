#include "tests/member/connection.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <array>
#include <stdexcept>

#include <poll.h>

namespace fleetcast::member {

namespace asio = boost::asio;
namespace wire = protocol::wire;

connection::connection(const std::string& address, std::uint16_t port) {
  stream_.next_layer().connect({asio::ip::make_address(address), port});
  stream_.handshake(asio::ssl::stream_base::client);
}

wire::session_accept connection::join(const std::string& name_space, const std::string& object) {
  wire::session_request request;
  request.name_space = name_space;
  request.object = object;
  request.suites = {wire::seal_suite::aes_256_gcm, wire::seal_suite::chacha20_poly1305};
  request.host_name = "member";
  request.cache_blocks = 64;
  request.features = wire::feature_set{}.with(wire::feature::feedback_state);
  asio::write(stream_, asio::buffer(wire::encode(wire::client_message{request})));
  const auto answer = receive();
  if (const auto* refused = std::get_if<wire::session_reject>(&answer))
    throw std::runtime_error{"the server refused: " + refused->reason.text};
  return std::get<wire::session_accept>(answer);
}

std::optional<wire::server_message> connection::poll() {
  pollfd socket{stream_.next_layer().native_handle(), POLLIN, 0};
  if (SSL_pending(stream_.native_handle()) == 0 && ::poll(&socket, 1, 0) <= 0)
    return std::nullopt;
  return receive();
}

wire::server_message connection::receive() {
  std::array<std::byte, 4> prefix{};
  asio::read(stream_, asio::buffer(prefix));
  std::size_t size = 0;
  for (std::size_t i = prefix.size(); i-- > 0;)
    size = size << 8U | std::to_integer<std::size_t>(prefix[i]);
  wire::message_bytes body(size);
  asio::read(stream_, asio::buffer(body));
  auto message = wire::decode_server_message(body);
  if (!message)
    throw std::runtime_error{"the server's message makes no sense"};
  return std::move(*message);
}

} // namespace fleetcast::member
