#include "actors/kit/entrance.hpp"

#include <algorithm>
#include <iterator>

namespace fleetcast::actors {

entrance::ticket entrance::arrive(const address& from) {
  const auto who = ++last_ticket_;
  change_line(sources_.try_emplace(from).first, [&](auto& line) { line.push_back(who); });
  return who;
}

std::optional<entrance::step> entrance::next(clock::time_point now) {
  // Starts behind the source served last. In order of address, the lowest would always come first.
  auto at = sources_.upper_bound(served_);
  for (auto left = sources_.size(); left > 0; --left, ++at) {
    if (at == sources_.end())
      at = sources_.begin();
    if (at->second.line.empty())
      continue;
    std::optional<ticket> leaves;
    if (!has_place_for(at->second)) {
      const auto first = in_the_way_of(*at);
      if (first && now >= first->stays_until)
        leaves = first->who;
      else if (fills_its_share(at->second))
        continue;
      else // the others wait for the same one, or for one of their own, who may stay longer
        return std::nullopt;
    }
    // Enters before the other one leaves, so that its source is not forgotten in between.
    const step result{take_first(at), leaves};
    if (leaves)
      leave(*leaves);
    return result;
  }
  return std::nullopt;
}

void entrance::began(ticket who, clock::time_point now) {
  const auto found = inside_.find(who);
  if (found == inside_.end() || found->second.since)
    return;
  found->second.since = now;
  begun_.emplace(now, who);
}

void entrance::leave(ticket who) {
  const auto found = inside_.find(who);
  if (found == inside_.end())
    return;
  const auto source = sources_.find(found->second.source);
  if (found->second.since)
    begun_.erase(std::pair{*found->second.since, who});
  inside_.erase(found);
  --source->second.inside;
  forget_if_idle(source);
}

entrance::ticket entrance::turn_away() {
  // Of lines as long the one whose last came last: no address loses for being low.
  const auto& [length, last, from] = *lines_.rbegin();
  const auto result = last;
  const auto longest = sources_.find(from);
  change_line(longest, [](auto& line) { line.pop_back(); });
  forget_if_idle(longest);
  return result;
}

std::optional<entrance::clock::time_point> entrance::due() const {
  std::optional<clock::time_point> result;
  if (lines_.empty())
    return result;
  for (const auto& source : sources_) {
    if (source.second.line.empty())
      continue;
    if (const auto first = in_the_way_of(source))
      result = std::min(result.value_or(first->stays_until), first->stays_until);
    if (!fills_its_share(source.second))
      break; // nobody's turn comes before this one's
  }
  return result;
}

bool entrance::has_place_for(const source_state& state) const noexcept {
  return !fills_its_share(state) && inside_.size() < rules_.places;
}

bool entrance::fills_its_share(const source_state& state) const noexcept {
  return state.inside >= rules_.places_per_source;
}

/// Whose place one of `source` would get: one of its own source if that has as many as it may. It then waits for nobody
/// but its own, and how many others wait changes nothing.
std::optional<entrance::occupant> entrance::in_the_way_of(const sources::value_type& source) const {
  const bool of_its_own = fills_its_share(source.second);
  const auto first = std::find_if(begun_.begin(), begun_.end(), [&](const auto& entry) {
    return !of_its_own || inside_.at(entry.second).source == source.first;
  });
  if (first == begun_.end())
    return std::nullopt;
  return occupant{first->second, first->first + (of_its_own ? rules_.grace : grace_for_all())};
}

entrance::clock::duration entrance::grace_for_all() const {
  const auto places = static_cast<clock::rep>(rules_.places);
  const auto waiting = std::max(places, static_cast<clock::rep>(lines_.size()));
  return std::max(rules_.grace * places / waiting, std::min(rules_.grace, rules_.shortest_grace));
}

/// From its line to a place.
entrance::ticket entrance::take_first(sources::iterator source) {
  auto& [from, state] = *source;
  const auto result = state.line.front();
  change_line(source, [](auto& line) { line.pop_front(); });
  ++state.inside;
  served_ = from;
  inside_.emplace(result, visitor{from, std::nullopt});
  return result;
}

template <class Change>
void entrance::change_line(sources::iterator source, Change change) {
  auto& line = source->second.line;
  const auto rank = [&] { return line_rank{line.size(), line.back(), source->first}; };
  if (!line.empty())
    lines_.erase(rank());
  change(line);
  if (!line.empty())
    lines_.insert(rank());
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
