/// What the kernel knows of the ways to other hosts.
#pragma once

#include "actors/io/way.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <optional>
#include <string>

namespace fleetcast::actors::io {

/// The route that datagrams to `far` take now; with `from`, those that bear this address of ours: policy routing
/// may look at it. Nothing is sent. Fails with network_unreachable where there is none, with network_fault where the
/// kernel does not say.
[[nodiscard]] tl::expected<route, protocol::failure>
route_to(const boost::asio::ip::address& far,
         const std::optional<boost::asio::ip::address>& from = {});

/// choose_way by what interfaces and routes there are now. IPv4 addresses may come as a socket for both IP
/// versions tells them.
[[nodiscard]] tl::expected<way, protocol::failure> find_way(way_use use, const std::string& wish,
                                                            const boost::asio::ip::address& far,
                                                            const boost::asio::ip::address& near);

} // namespace fleetcast::actors::io
