/// The network interfaces of this host, by name or address.
#pragma once

#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace fleetcast::actors::io {

struct network_interface {
  unsigned index = 0; ///< as the kernel counts them, from 1
  std::string name;   ///< "eth0"

  friend bool operator==(const network_interface&, const network_interface&) = default;
};

/// The interface called `name_or_address` or bearing that address ("eth0", "192.0.2.7", "fe80::1%eth0").
/// A failure (network_fault) lists what there is.
[[nodiscard]] tl::expected<network_interface, protocol::failure>
find_interface(std::string_view name_or_address);

/// The interface that bears `local`, an address of this host.
[[nodiscard]] tl::expected<network_interface, protocol::failure>
interface_of(const boost::asio::ip::address& local);

/// An address of `interface` to send from: the first of the wanted IP version, link-local ones last.
[[nodiscard]] tl::expected<boost::asio::ip::address, protocol::failure>
address_of(const network_interface& interface, bool v6);

} // namespace fleetcast::actors::io
