#include "apps/fleetcast/daemon/endpoint_text.hpp"

#include "protocol/host_port.hpp"

namespace fleetcast::apps {

namespace {

using boost::asio::ip::tcp;
using protocol::failure;
using protocol::failure_code;

tl::unexpected<failure> refusal(std::string_view text, std::string_view why) {
  return tl::unexpected{
    failure{failure_code::invalid_request, 0,
            "cannot listen on '" + std::string{text} + "': " + std::string{why}
              + "; write ADDR, ADDR:PORT or [IPV6]:PORT, for example [::]:5040"}};
}

} // namespace

tl::expected<tcp::endpoint, failure> parse_endpoint(std::string_view text,
                                                    std::uint16_t default_port) {
  const auto named = protocol::parse_host_port(text, protocol::port_use::listen);
  if (!named)
    return refusal(text, named.error());
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{named->host}, error);
  if (error)
    return refusal(text, "it is not a numeric address");
  return tcp::endpoint{address, named->port.value_or(default_port)};
}

std::string to_text(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto host = endpoint.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(endpoint.port());
}

} // namespace fleetcast::apps
