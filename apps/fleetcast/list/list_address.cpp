#include "apps/fleetcast/list/list_address.hpp"

#include "actors/messages/control_port.hpp"
#include "protocol/host_port.hpp"

#include <algorithm>

namespace fleetcast::apps {

namespace {

/// What is before the next slash; that and the slash are taken away.
std::string_view take_part(std::string_view& rest) {
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto part = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return part;
}

} // namespace

tl::expected<list_address, std::string> parse_list_address(std::string_view text) {
  auto rest = text;
  const auto server = take_part(rest);
  const auto end = protocol::parse_host_port(server);
  if (!end)
    return tl::unexpected{"'" + std::string{text}
                          + "' is not of the form SERVER[:PORT][/NAMESPACE[/PREFIX]]: "
                          + std::string{end.error()}};
  list_address result{std::string{server}, std::string{end->host},
                      end->port.value_or(actors::default_control_port),
                      std::string{take_part(rest)}, std::string{rest}};
  if (result.name_space.empty() && !rest.empty())
    return tl::unexpected{"'" + std::string{text}
                          + "' has no namespace between its first two slashes"};
  std::replace(result.prefix.begin(), result.prefix.end(), '\\', '/');
  result.prefix.erase(0, std::min(result.prefix.find_first_not_of('/'), result.prefix.size()));
  return result;
}

} // namespace fleetcast::apps
