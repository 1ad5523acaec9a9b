#include "actors/serve/feedback_watch.hpp"

namespace fleetcast::actors {

namespace {

constexpr protocol::duration look_pause = protocol::milliseconds(250);

/// One that was heard before may only be busy for a moment. Of one that never was there is nothing to wait for.
constexpr protocol::duration told_after = protocol::seconds(5);

} // namespace

std::vector<feedback_watch::change> feedback_watch::look(protocol::timestamp now,
                                                         const protocol::sender& sender) {
  next_ = now + look_pause;
  std::vector<change> result;
  const auto& receivers = sender.receivers();
  std::erase_if(told_, [&](const auto& t) { return !receivers.contains(t.first); });
  for (const auto& [id, m] : receivers) {
    const auto silent = sender.silence(now, id);
    const auto told = told_.find(id);
    if (told != told_.end() && !silent) {
      result.push_back({id, {}, told->second});
      told_.erase(told);
    } else if (told == told_.end() && silent && (!m.heard || *silent >= told_after)) {
      result.push_back({id, *silent, m.heard});
      told_.emplace(id, m.heard);
    }
  }
  return result;
}

std::optional<feedback_watch::change> feedback_watch::heard(receiver_id who) {
  const auto told = told_.find(who);
  if (told == told_.end())
    return std::nullopt;
  const change result{who, {}, told->second};
  told_.erase(told);
  return result;
}

} // namespace fleetcast::actors
