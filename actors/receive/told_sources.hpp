/// The addresses that a server says its datagrams come from.
#pragma once

#include "actors/io/udp_socket.hpp"
#include "protocol/receive/receiver.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace fleetcast::actors {

/// Asked for each receive, which is each datagram where the kernel coalesces none. Nearly all come from where the last one
/// came from, so that one is remembered: taking addresses apart would be a tenth of what a receiver does by itself.
class told_sources {
public:
  /// Empty: the server did not say.
  explicit told_sources(std::vector<boost::asio::ip::address> addresses)
    : addresses_(std::move(addresses)) {}

  /// Null: nobody knows where the datagram came from.
  protocol::datagram_origin origin_of(const io::udp_endpoint* from);

private:
  bool is_remembered(const io::udp_endpoint& from) const noexcept;
  bool contains(const boost::asio::ip::address& address) const;

  std::vector<boost::asio::ip::address> addresses_;
  std::optional<io::udp_endpoint> last_;
  protocol::datagram_origin last_origin_ = protocol::datagram_origin::unknown;
};

} // namespace fleetcast::actors
