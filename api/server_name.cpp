#include "api/server_name.hpp"

#include "protocol/host_port.hpp"

namespace fleetcast::api {

std::optional<server_name> parse_server_name(std::string_view text) {
  const auto named = protocol::parse_host_port(text);
  if (!named)
    return std::nullopt;
  return server_name{std::string{named->host}, named->port.value_or(actors::default_control_port)};
}

} // namespace fleetcast::api
