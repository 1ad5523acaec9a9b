#include "actors/serve/authorization.hpp"

#include "actors/observe/log.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::actors {

using protocol::failure;
using protocol::failure_code;

list_text parse_list(std::string_view text) noexcept {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || text.find('/') <= equals)
    return {{}, text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

tl::expected<authorization, failure>
authorization::make(const std::vector<std::string>& texts,
                    const std::vector<std::string>& namespaces) {
  authorization result;
  for (const auto& text : texts)
    if (auto refused = result.add(text, namespaces))
      return tl::make_unexpected(std::move(refused));
  return result;
}

failure authorization::add(const std::string& text, const std::vector<std::string>& namespaces) {
  const auto list = parse_list(text);
  const bool is_named = list.file.size() < text.size();
  const std::string name{list.name_space};
  io::authorized_clients clients{std::string{list.file}};
  if (is_named && std::find(namespaces.begin(), namespaces.end(), name) == namespaces.end())
    return {failure_code::invalid_request, 0,
            "--authorized " + text + ": there is no namespace '" + name
              + "'; name one that --namespace offers, or write ./" + text + " for a file"};
  if (is_named ? for_namespace_.contains(name) : for_all_.has_value())
    return {failure_code::invalid_request, 0,
            "--authorized " + text + ": there is a list for "
              + (is_named ? "namespace '" + name + "'" : "all namespaces")
              + " already; put both into one file"};
  if (auto read = clients.refresh(); !read)
    return std::move(read.error());
  if (is_named)
    for_namespace_.emplace(name, std::move(clients));
  else
    for_all_ = std::move(clients);
  return {};
}

io::authorized_clients* authorization::list_for(std::string_view name_space) {
  if (const auto own = for_namespace_.find(name_space); own != for_namespace_.end())
    return &own->second;
  return for_all_ ? &*for_all_ : nullptr;
}

failure authorization::check(std::string_view name_space, std::string_view client) {
  auto* list = list_for(name_space);
  if (list == nullptr)
    return {};
  if (client.empty())
    return {failure_code::not_authenticated, 0,
            "this server serves clients that it knows, and this one did not say who it is. "
            "Authenticate: `fleetcast get --auth`, `wdsmcast /Username:…`, or "
            "WDS_TRANSPORTCLIENT_AUTH in a program"};
  if (auto read = list->refresh(); !read) {
    log().error("nobody is let in: {}", read.error().text);
    return {failure_code::access_denied, 0,
            "this server cannot use its list of authorized clients, so it serves nobody now. Its "
            "log says why"};
  }
  if (list->contains(client))
    return {};
  return {failure_code::access_denied, 0,
          "this server does not know the client " + std::string{client}
            + ". If it is to be served, its operator adds that fingerprint as a line to the file "
              "given with `fleetcast serve --authorized`"};
}

} // namespace fleetcast::actors
