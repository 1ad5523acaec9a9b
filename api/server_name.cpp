#include "api/server_name.hpp"

#include <algorithm>
#include <charconv>

namespace fleetcast::api {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return std::nullopt;
  return port;
}

std::optional<server_name> make(std::string_view host, std::optional<std::string_view> port_text) {
  if (host.empty() || host.find_first_of("[]") != std::string_view::npos)
    return std::nullopt;
  server_name result{std::string{host}, actors::default_control_port};
  if (port_text) {
    auto port = parse_port(*port_text);
    if (!port)
      return std::nullopt;
    result.port = *port;
  }
  return result;
}

std::optional<server_name> parse_bracketed(std::string_view text) {
  auto close = text.find(']');
  if (close == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(1, close - 1);
  auto rest = text.substr(close + 1);
  if (rest.empty())
    return make(host, std::nullopt);
  if (rest.front() != ':')
    return std::nullopt;
  return make(host, rest.substr(1));
}

} // namespace

std::optional<server_name> parse_server_name(std::string_view text) {
  if (text.starts_with('['))
    return parse_bracketed(text);
  // More than one colon without brackets can only be an IPv6 address.
  if (std::count(text.begin(), text.end(), ':') != 1)
    return make(text, std::nullopt);
  auto colon = text.find(':');
  return make(text.substr(0, colon), text.substr(colon + 1));
}

} // namespace fleetcast::api
