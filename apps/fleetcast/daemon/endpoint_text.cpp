#include "apps/fleetcast/daemon/endpoint_text.hpp"

#include <algorithm>
#include <charconv>

namespace fleetcast::apps {

namespace {

using boost::asio::ip::tcp;
using protocol::failure;
using protocol::failure_code;

tl::unexpected<failure> refuse(std::string_view text, const char* why) {
  return tl::unexpected{
    failure{failure_code::invalid_request, 0,
            "cannot listen on '" + std::string{text} + "': " + why
              + "; write ADDR, ADDR:PORT or [IPV6]:PORT, for example [::]:5040"}};
}

} // namespace

tl::expected<tcp::endpoint, failure> parse_endpoint(std::string_view text,
                                                    std::uint16_t default_port) {
  auto host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos)
      return refuse(text, "the bracket is not closed");
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && !port.starts_with(':'))
      return refuse(text, "something other than :PORT follows the bracket");
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  auto number = default_port;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size())
      return refuse(text, "the port is not a number from 0 to 65535");
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{host}, error);
  if (error)
    return refuse(text, "it is not a numeric address");
  return tcp::endpoint{address, number};
}

std::string to_text(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto host = endpoint.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(endpoint.port());
}

} // namespace fleetcast::apps
