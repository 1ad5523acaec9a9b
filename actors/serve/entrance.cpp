#include "actors/serve/entrance.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fleetcast::actors {

entrance::ticket entrance::arrive(const address& from) {
  sources_[from].line.push_back(++last_ticket_);
  return last_ticket_;
}

std::optional<entrance::step> entrance::next(clock::time_point now) {
  // From the one after whoever was served last: by address alone the lowest would always come first.
  auto at = sources_.upper_bound(served_);
  for (auto left = sources_.size(); left > 0; --left, ++at) {
    if (at == sources_.end())
      at = sources_.begin();
    if (at->second.line.empty())
      continue;
    step result;
    if (!has_place_for(at->second)) {
      const auto oldest = in_the_way_of(*at);
      if (oldest == inside_.end() || now - *oldest->second.since < rules_.grace)
        continue;
      result.leaves = oldest->first;
    }
    // Enters before the other one leaves, so that its source is not forgotten in between.
    result.enters = at->second.line.front();
    at->second.line.pop_front();
    ++at->second.inside;
    served_ = at->first;
    inside_.emplace(result.enters, visitor{served_, std::nullopt});
    if (result.leaves)
      leave(*result.leaves);
    return result;
  }
  return std::nullopt;
}

void entrance::began(ticket who, clock::time_point now) {
  if (const auto found = inside_.find(who); found != inside_.end())
    found->second.since = now;
}

void entrance::leave(ticket who) {
  const auto found = inside_.find(who);
  if (found == inside_.end())
    return;
  const auto source = sources_.find(found->second.source);
  inside_.erase(found);
  --source->second.inside;
  forget_if_idle(source);
}

entrance::ticket entrance::turn_away() {
  // Of lines as long the one whose last came last: no address loses for being low.
  const auto rank = [](const source_state& s) {
    return std::pair{s.line.size(), s.line.empty() ? ticket{} : s.line.back()};
  };
  const auto longest
    = std::max_element(sources_.begin(), sources_.end(), [&](const auto& a, const auto& b) {
        return rank(a.second) < rank(b.second);
      });
  const auto result = longest->second.line.back();
  longest->second.line.pop_back();
  forget_if_idle(longest);
  return result;
}

std::optional<entrance::clock::time_point> entrance::due() const {
  std::optional<clock::time_point> result;
  for (const auto& source : sources_) {
    if (source.second.line.empty())
      continue;
    const auto oldest = in_the_way_of(source);
    if (oldest == inside_.end())
      continue;
    const auto at = *oldest->second.since + rules_.grace;
    result = std::min(result.value_or(at), at);
  }
  return result;
}

bool entrance::has_place_for(const source_state& state) const noexcept {
  return state.inside < rules_.places_per_source && inside_.size() < rules_.places;
}

/// Whose place one of `source` would get: one of its own source if that has as many as it may.
entrance::visitors::const_iterator
entrance::in_the_way_of(const sources::value_type& source) const {
  const bool of_its_own = source.second.inside >= rules_.places_per_source;
  return std::find_if(inside_.begin(), inside_.end(), [&](const auto& entry) {
    const auto& [from, since] = entry.second;
    return since && (!of_its_own || from == source.first);
  });
}

void entrance::forget_if_idle(sources::iterator source) {
  if (source->second.inside == 0 && source->second.line.empty())
    sources_.erase(source);
}

entrance::address source_of(const entrance::address& peer) {
  namespace ip = boost::asio::ip;
  if (!peer.is_v6())
    return peer;
  const auto v6 = peer.to_v6();
  if (v6.is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, v6);
  constexpr std::size_t network_bytes = 8;
  auto bytes = v6.to_bytes();
  std::fill(std::next(bytes.begin(), network_bytes), bytes.end(), 0);
  return ip::address_v6{bytes, v6.scope_id()};
}

} // namespace fleetcast::actors
