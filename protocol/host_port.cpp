#include "protocol/host_port.hpp"

#include <algorithm>
#include <charconv>

namespace fleetcast::protocol {

namespace {

using namespace std::string_view_literals;

using parsed_host_port = tl::expected<host_port, std::string_view>;

/// What stands before the port, and ":PORT" or nothing.
struct host_and_rest {
  std::string_view host, rest;
};

host_and_rest split(std::string_view text) {
  // More than one colon without brackets can only be an IPv6 address.
  if (std::count(text.begin(), text.end(), ':') != 1)
    return {text, {}};
  const auto colon = text.find(':');
  return {text.substr(0, colon), text.substr(colon)};
}

tl::expected<std::uint16_t, std::string_view> port_in(std::string_view digits, port_use use) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error == std::errc{} && end == digits.data() + digits.size()
      && (port != 0 || use == port_use::listen))
    return port;
  return tl::unexpected{use == port_use::listen ? "the port is not a number from 0 to 65535"sv
                                                : "the port is not a number from 1 to 65535"sv};
}

parsed_host_port with_port(host_and_rest parts, port_use use) {
  if (parts.host.empty())
    return tl::unexpected{"it names no host"sv};
  if (parts.host.find_first_of("[]") != std::string_view::npos)
    return tl::unexpected{"brackets belong around an IPv6 address"sv};
  if (parts.rest.empty())
    return host_port{parts.host, std::nullopt};
  const auto port = port_in(parts.rest.substr(1), use);
  if (!port)
    return tl::unexpected{port.error()};
  return host_port{parts.host, *port};
}

} // namespace

parsed_host_port parse_host_port(std::string_view text, port_use use) noexcept {
  if (!text.starts_with('['))
    return with_port(split(text), use);
  const auto close = text.find(']');
  if (close == std::string_view::npos)
    return tl::unexpected{"the bracket is not closed"sv};
  const auto rest = text.substr(close + 1);
  if (!rest.empty() && !rest.starts_with(':'))
    return tl::unexpected{"something other than :PORT follows the bracket"sv};
  return with_port({text.substr(1, close - 1), rest}, use);
}

} // namespace fleetcast::protocol
