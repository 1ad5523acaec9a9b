#include "actors/serve/listening_sockets.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <cerrno>
#include <sstream>
#include <string>
#include <utility>

#include <fcntl.h>

namespace fleetcast::actors {

using protocol::failure;
using protocol::failure_code;

namespace {

using tcp = boost::asio::ip::tcp;
using error_code = boost::system::error_code;

std::string remedy_of(const error_code& error, const tcp::endpoint& address) {
  const auto port = std::to_string(address.port());
  switch (error.value()) {
    case EADDRINUSE:
      return "Another program listens there (see which: ss -ltnp 'sport = :" + port
             + "'). Stop it, or choose another port with --listen";
    case EADDRNOTAVAIL:
      return "No interface of this host has that address (see: ip address). Give one it has, or "
             "[::] for all, with --listen";
    case EACCES:
    case EPERM:
      return "Ports below 1024 take root or CAP_NET_BIND_SERVICE. Choose another with --listen";
    case EAFNOSUPPORT:
      return "This host does not speak that IP version. Choose an address of the other with "
             "--listen";
    default:
      return "Choose another address with --listen";
  }
}

failure refused(const error_code& error, const tcp::endpoint& address) {
  std::ostringstream text;
  text << "could not listen for control connections at " << address << ": " << error.message()
       << ". " << remedy_of(error, address);
  return {failure_code::network_fault, static_cast<std::uint32_t>(error.value()), text.str()};
}

error_code open_at(tcp::acceptor& socket, const tcp::endpoint& address) {
  error_code error;
  socket.open(address.protocol(), error);
  if (error)
    return error;
  // Programs that we start must not keep the port after us.
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  socket.set_option(tcp::acceptor::reuse_address{true}, error);
  if (address.address().is_v6() && !error)
    socket.set_option(boost::asio::ip::v6_only{!address.address().is_unspecified()}, error);
  if (!error)
    socket.bind(address, error);
  if (!error)
    socket.listen(tcp::acceptor::max_listen_connections, error);
  if (!error)
    socket.non_blocking(true, error);
  return error;
}

} // namespace

std::vector<tcp::endpoint> listening_sockets::endpoints() const {
  std::vector<tcp::endpoint> result;
  for (const auto& socket : *sockets_) {
    error_code ignored;
    result.push_back(socket.local_endpoint(ignored));
  }
  return result;
}

std::uint16_t listening_sockets::port() const {
  const auto all = endpoints();
  return all.empty() ? std::uint16_t{0} : all.front().port();
}

tl::expected<listening_sockets, failure> listen_on(io::io_thread& io,
                                                   const std::vector<tcp::endpoint>& addresses) {
  std::vector<tcp::acceptor> sockets;
  for (const auto& address : addresses) {
    tcp::acceptor socket{io.context()};
    auto error = open_at(socket, address);
    const bool has_no_ipv6 = error.value() == EAFNOSUPPORT || error.value() == EADDRNOTAVAIL;
    if (has_no_ipv6 && address.address().is_v6() && address.address().is_unspecified()) {
      socket = tcp::acceptor{io.context()};
      error = open_at(socket, {tcp::v4(), address.port()});
    }
    if (error)
      return tl::make_unexpected(refused(error, address));
    sockets.push_back(std::move(socket));
  }
  return listening_sockets{std::move(sockets)};
}

tl::expected<listening_sockets, failure> listen_on(io::io_thread& io,
                                                   const tcp::endpoint& address) {
  return listen_on(io, std::vector{address});
}

} // namespace fleetcast::actors
