/// Reads `pwszServer`: a host and perhaps a port.
#pragma once

#include "actors/messages/control_port.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::api {

struct server_name {
  std::string host; ///< name or address, without brackets
  std::uint16_t port = actors::default_control_port;

  friend bool operator==(const server_name&, const server_name&) = default;
};

/// Understands "host", "host:port", "v4", "v4:port", "v6", "[v6]" and "[v6]:port". Nothing for anything
/// else: no host, port 0, beyond 65535 or no number, a stray bracket. Whether the host exists is
/// not looked at.
[[nodiscard]] std::optional<server_name> parse_server_name(std::string_view text);

} // namespace fleetcast::api
