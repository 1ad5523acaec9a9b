/// An end as people, files and command lines name it: HOST, HOST:PORT, IPV6, [IPV6] and [IPV6]:PORT.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fleetcast::protocol {

/// Points into the text that it was read from.
struct host_port {
  std::string_view host; ///< a name or an address, without brackets; never empty
  std::optional<std::uint16_t> port;
};

/// What the port is for: 0 lets the system choose one to listen on, and names none to connect to.
enum class port_use { connect, listen };

/// Whether the host exists, or could, is not looked at. The error says what is wrong, to stand behind the text and a
/// colon: "the port is not a number from 1 to 65535".
[[nodiscard]] tl::expected<host_port, std::string_view>
parse_host_port(std::string_view text, port_use use = port_use::connect) noexcept;

} // namespace fleetcast::protocol
