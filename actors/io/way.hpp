/// Which interface leads to another host, and which of our addresses stands for us there: the choice alone.
///
/// A server sends multicast by the interface that leads to the client; a receiver joins the group on the one
/// that leads to where its feedback goes. What the user named comes first. `find_way` (routes.hpp) asks the
/// kernel for what this needs to know.
#pragma once

#include "actors/io/network_interface.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fleetcast::actors::io {

/// What the kernel says of the way to an address.
struct route {
  unsigned interface = 0;                         ///< index of the one that it leaves by
  std::optional<boost::asio::ip::address> source; ///< that the kernel would send from
  bool through_gateway = false; ///< the address is not on the interface's own link
};

/// Which route group datagrams take to a host. The way of our answers to it is known to work; policy routing may look
/// at the address that they bear. But multicast wants the host on the very link: where answers go by a gateway and `any`, a
/// route that no address of ours decides, does not, it is that.
[[nodiscard]] tl::expected<route, protocol::failure>
route_for_groups(const tl::expected<route, protocol::failure>& of_answers,
                 const tl::expected<route, protocol::failure>& any);

/// What the interface is for.
enum class way_use : std::uint8_t {
  send,    ///< a group is sent to: this takes an address of ours
  receive, ///< a group is joined
};

struct way_request {
  way_use use = way_use::send;
  std::string wish;             ///< name or address of the interface that a user wants; empty: none
  boost::asio::ip::address far; ///< the other host
  boost::asio::ip::address near; ///< ours, that the two are connected by already; same IP version
  tl::expected<route, protocol::failure> to_far; ///< or why there is none
};

struct way {
  network_interface interface;

  /// Ours on it, of the IP version of `far`; none: it bears no such address, and only receives.
  std::optional<boost::asio::ip::address> local;

  /// `wish` was this very address.
  bool is_local_named = false;
};

/// The interface is the one that was wished for; else the one that bears `far`, if that is an address of this
/// host; else that of the route; else, where no route is known, the one that bears `near`.
///
/// The address, among those of the interface: the one that was wished for; `near`; one in the network of
/// `far`; the one that the kernel would send from; any; and last link-local ones. An interface that bears none, as
/// tunnels may, is given `near`, unless it was wished for.
///
/// A failure (network_fault) says what there is.
[[nodiscard]] tl::expected<way, protocol::failure> choose_way(const inventory& here,
                                                              const way_request& request);

} // namespace fleetcast::actors::io
