#include "actors/io/port_range.hpp"

#include <charconv>
#include <optional>

namespace fleetcast::actors::io {

namespace {

std::optional<std::uint16_t> to_port(std::string_view digits) {
  std::uint16_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stopped != end || value == 0)
    return std::nullopt;
  return value;
}

} // namespace

tl::expected<port_range, protocol::failure> port_range::parse(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = to_port(text.substr(0, dash));
  const auto last = dash == text.npos ? first : to_port(text.substr(dash + 1));
  if (!first || !last || *last < *first)
    return tl::unexpected{protocol::failure{protocol::failure_code::invalid_argument, 0,
                                            "'" + std::string{text}
                                              + "' is not a port or a range of ports: expected one "
                                                "like 5050 or 5050-5113, from 1 to 65535"}};
  return port_range{*first, *last};
}

std::string port_range::to_string() const {
  const auto one = std::to_string(first);
  return first == last ? one : one + "-" + std::to_string(last);
}

} // namespace fleetcast::actors::io
