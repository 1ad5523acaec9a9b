/// Control endpoints as people write them: "ADDR", "ADDR:PORT", "[V6]:PORT".
#pragma once

#include "protocol/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fleetcast::apps {

/// Numeric addresses only; a bare IPv6 address needs no brackets if no port follows.
[[nodiscard]] tl::expected<boost::asio::ip::tcp::endpoint, protocol::failure>
parse_endpoint(std::string_view text, std::uint16_t default_port);

[[nodiscard]] std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

} // namespace fleetcast::apps
