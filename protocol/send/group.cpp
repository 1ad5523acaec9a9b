#include "protocol/send/group.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>

namespace fleetcast::protocol {

void group::add(timestamp now, receiver_id id, position limit) {
  remove(id);
  member m;
  m.limit = m.first_limit = limit;
  m.heard_at = now;
  members_.emplace(id, std::move(m));
}

void group::remove(receiver_id id) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  spoke_ -= i->second.heard ? 1 : 0;
  members_.erase(i);
}

void group::waive(receiver_id id, bool waived) {
  if (const auto i = members_.find(id); i != members_.end())
    i->second.waived = waived;
}

void group::excuse(timestamp now, duration gap) {
  for (auto& [id, m] : members_)
    m.heard_at = std::min(now, m.heard_at + gap);
}

std::optional<duration> group::update(timestamp now, receiver_id id,
                                      const wire::feedback& message) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return std::nullopt;
  auto& m = i->second;
  spoke_ += m.heard ? 0 : 1;
  m.heard = true;
  // Its cache is what it said at joining as long as nothing of it can be with the consumer.
  m.limit = message.completed_blocks == 0 ? std::max(message.limit, m.first_limit) : message.limit;
  m.heard_at = now;
  m.deaf = message.echo_sent_at == 0 || message.echo_held > defaults::deaf_after;
  m.last = message;
  m.last.repairs.clear();
  m.last.wanted.clear();
  m.last.manifests.clear();
  // An echo from the future, or one held longer than it can be old, measures nothing.
  if (message.echo_sent_at == 0 || message.echo_sent_at > static_cast<std::uint64_t>(now.count()))
    return duration::zero();
  const auto sent_at = duration{static_cast<std::int64_t>(message.echo_sent_at)};
  if (message.echo_held > now - sent_at)
    return duration::zero();
  // Clamped before it counts: one receiver must not pin the whole group to an absurd round trip.
  m.rtt = std::min(now - sent_at - message.echo_held, defaults::max_grtt);
  measure(m.rtt);
  return m.rtt;
}

void group::measure(duration rtt) noexcept {
  // RFC 5740 section 5.1: follow peaks at once, forget them slowly.
  if (!measured_ || rtt > grtt_)
    grtt_ = rtt;
  else
    grtt_ -= (grtt_ - rtt) / 64;
  measured_ = true;
}

position group::edge(timestamp now, duration consent, position announced) const {
  const auto others_count = someone_counts();
  auto result = unlimited;
  for (const auto& [id, m] : members_) {
    // It speaks rarely when it is deaf: where nobody hears, its last word holds until it is dropped.
    const auto consents = is_left_out(m) ? others_count : now - m.heard_at > consent;
    result = std::min(result, consents ? std::max(m.limit, announced) : m.limit);
  }
  return result;
}

position group::lowest_limit(timestamp now, duration recent) const {
  const auto who = holder(now, recent);
  return who ? members_.at(*who).limit : unlimited;
}

std::optional<receiver_id> group::holder(timestamp now, duration recent) const {
  const auto others_count = someone_counts();
  auto result = members_.end();
  for (auto i = members_.begin(); i != members_.end(); ++i) {
    const auto& m = i->second;
    if ((is_left_out(m) ? !others_count : now - m.heard_at <= recent)
        && (result == members_.end() || m.limit < result->second.limit))
      result = i;
  }
  return result == members_.end() ? std::nullopt : std::optional{result->first};
}

bool group::someone_counts() const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return !is_left_out(entry.second); });
}

std::optional<receiver_id> group::nearest_limit() const {
  const auto others_count = someone_counts();
  auto result = members_.end();
  for (auto i = members_.begin(); i != members_.end(); ++i)
    if ((!i->second.waived || !others_count)
        && (result == members_.end() || i->second.limit < result->second.limit))
      result = i;
  return result == members_.end() ? std::nullopt : std::optional{result->first};
}

std::optional<receiver_id> group::least_complete() const {
  const auto i
    = std::min_element(members_.begin(), members_.end(), [](const auto& a, const auto& b) {
        return a.second.last.completed_blocks < b.second.last.completed_blocks;
      });
  return i == members_.end() ? std::nullopt : std::optional{i->first};
}

duration group::grtt() const noexcept {
  return std::clamp(measured_ ? grtt_ : defaults::initial_grtt, defaults::min_grtt,
                    defaults::max_grtt);
}

std::vector<receiver_id> group::silent(timestamp now, duration silence) {
  std::vector<receiver_id> result;
  if (now - heard_since_ <= silence)
    return result;
  heard_since_ = now;
  for (const auto& [id, m] : members_) {
    heard_since_ = std::min(heard_since_, m.heard_at);
    if (now - m.heard_at > silence)
      result.push_back(id);
  }
  return result;
}

std::optional<duration> group::silence(timestamp now, receiver_id id,
                                       duration status_interval) const {
  const auto m = members_.find(id);
  if (m == members_.end())
    return std::nullopt;
  const auto least = !m->second.heard ? defaults::unheard_after
                     : m->second.deaf ? defaults::silent_after_when_deaf
                                      : duration{defaults::silent_after};
  const auto due = std::max<duration>(least, defaults::silent_intervals * status_interval);
  const auto silent = now - m->second.heard_at;
  return silent > due ? std::optional{silent} : std::nullopt;
}

} // namespace fleetcast::protocol
