/// Sockets that wait for control connections, opened before anything else starts, so that `serve`
/// can say at once what is wrong with an address.
#pragma once

#include "actors/io/io_thread.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace fleetcast::actors {

/// Bound and listening. Copies share the sockets, so that a spawn can take them; whoever accepts
/// from them closes them.
class listening_sockets {
public:
  using tcp = boost::asio::ip::tcp;

  listening_sockets() = default;
  explicit listening_sockets(std::vector<tcp::acceptor> sockets)
    : sockets_(std::make_shared<std::vector<tcp::acceptor>>(std::move(sockets))) {}

  /// What they are bound to, with the ports that the system chose where 0 was asked.
  std::vector<tcp::endpoint> endpoints() const;

  /// Of the first.
  std::uint16_t port() const;

  std::vector<tcp::acceptor>& sockets() const noexcept { return *sockets_; }

private:
  std::shared_ptr<std::vector<tcp::acceptor>> sockets_
    = std::make_shared<std::vector<tcp::acceptor>>();
};

/// Listens at each of `addresses`, or at none. `[::]` takes IPv4 clients, too, and becomes 0.0.0.0
/// on a host without IPv6. The failure names the address and the remedy.
[[nodiscard]] tl::expected<listening_sockets, protocol::failure>
listen_on(io::io_thread& io, const std::vector<boost::asio::ip::tcp::endpoint>& addresses);

[[nodiscard]] tl::expected<listening_sockets, protocol::failure>
listen_on(io::io_thread& io, const boost::asio::ip::tcp::endpoint& address);

} // namespace fleetcast::actors
