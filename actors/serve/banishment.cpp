#include "actors/serve/banishment.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace fleetcast::actors {

std::string identity_of(const join_request& request) {
  return !request.client.empty() ? request.client
                                 : request.peer.to_string() + " " + request.request.host_name;
}

void banishment::add(protocol::timestamp now, const std::string& who,
                     const protocol::failure& why) {
  const std::lock_guard guard{mutex_};
  std::erase_if(entries_, [now](const auto& e) { return e.second.until <= now; });
  if (entries_.size() >= most && !entries_.contains(who))
    entries_.erase(
      std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        return a.second.until < b.second.until;
      }));
  entries_[who] = {now + term, why};
}

std::optional<protocol::failure> banishment::find(protocol::timestamp now,
                                                  const std::string& who) const {
  const std::lock_guard guard{mutex_};
  const auto i = entries_.find(who);
  if (i == entries_.end() || i->second.until <= now)
    return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::seconds>(i->second.until - now).count();
  return protocol::failure{
    i->second.why.code, 0,
    fmt::format("the server sent this host away and accepts it again in {} s ({})", left,
                i->second.why.text)};
}

std::size_t banishment::size() const {
  const std::lock_guard guard{mutex_};
  return entries_.size();
}

} // namespace fleetcast::actors
