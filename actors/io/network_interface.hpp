/// The network interfaces of this host, by name or address.
#pragma once

#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors::io {

struct network_interface {
  unsigned index = 0; ///< as the kernel counts them, from 1
  std::string name;   ///< "eth0"

  friend bool operator==(const network_interface&, const network_interface&) = default;
};

/// An address that an interface of this host bears.
struct held_address {
  unsigned interface = 0; ///< index
  std::string label;      ///< "eth0:1", of an IPv4 alias; else empty
  boost::asio::ip::address value;

  /// Hosts whose first `prefix` bits are those of `network` are neighbours. `network` is the other end's
  /// address where the interface has one other end only.
  boost::asio::ip::address network;
  unsigned prefix = 0;
};

/// The interfaces of a host as its kernel lists them, in its order.
struct inventory {
  struct entry {
    network_interface interface;
    bool is_up = true;
  };

  std::vector<entry> interfaces;
  std::vector<held_address> addresses;

  /// Asks the kernel. Fails with network_fault.
  [[nodiscard]] static tl::expected<inventory, protocol::failure> take();

  const entry* find(unsigned index) const noexcept;
  const entry* find(std::string_view name) const noexcept;

  /// Null: this host does not bear it. Every address of 127.0.0.0/8 is the loopback interface's. A link-local
  /// address without a zone means it on any interface.
  const held_address* find(const boost::asio::ip::address& wanted) const;

  /// "eth0 (192.0.2.7, fe80::1%eth0), eth1 (down, no address)"
  std::string describe() const;
};

/// What a user may call an interface: its name, an address or the label of an alias that it bears.
struct named_interface {
  network_interface interface;
  std::optional<boost::asio::ip::address> address; ///< that was named
};

/// Fails with network_fault; the text lists what there is.
[[nodiscard]] tl::expected<named_interface, protocol::failure>
find_interface(const inventory& among, std::string_view called);

/// The same among those that this host has now.
[[nodiscard]] tl::expected<network_interface, protocol::failure>
find_interface(std::string_view called);

/// Bytes of the largest IP packet that it sends whole; nothing: the kernel does not say.
[[nodiscard]] std::optional<std::size_t> mtu_of(const network_interface& interface);

/// An IPv4 address of a socket that takes both IP versions as what it is; others as they are.
[[nodiscard]] boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// 169.254.0.0/16, fe80::/10
[[nodiscard]] bool is_link_local(const boost::asio::ip::address& address) noexcept;

} // namespace fleetcast::actors::io
