#include "protocol/send/repair_ration.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <vector>

namespace fleetcast::protocol {

void repair_ration::add(receiver_id id) {
  // A newcomer did not have what the others have had: it may have as much.
  members_[id].credited_at = source_;
}

void repair_ration::remove(receiver_id id) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  waiting_ -= i->second.deferred.size();
  members_.erase(i);
  look_at_most();
}

bool repair_ration::exceeded(receiver_id id) const {
  // Alone it takes nothing from anybody.
  return members_.size() > 1 && is_beyond(id, defaults::repair_ration_begins);
}

bool repair_ration::founded(receiver_id id) const {
  return !is_beyond(id, defaults::founded_slack);
}

bool repair_ration::is_beyond(receiver_id id, std::uint64_t slack) const {
  const auto i = members_.find(id);
  if (i == members_.end())
    return false;
  // Twice: requests that cross their answers ask for some of it again.
  const auto& m = i->second;
  const auto much = 2 * std::max(most_have_had_, m.lost);
  return m.taken > much && m.taken - much > slack;
}

void repair_ration::on_report(receiver_id id, std::uint64_t lost) {
  if (const auto i = members_.find(id); i != members_.end())
    i->second.lost = lost;
}

void repair_ration::charge(receiver_id id, std::uint64_t symbols) {
  const auto i = members_.find(id);
  if (i == members_.end())
    return;
  auto& m = i->second;
  if (exceeded(id)) {
    earn(m);
    // What it got while there was nothing else to send took nothing from anybody: no debt for long.
    m.credit = std::max(m.credit - static_cast<double>(symbols), -defaults::max_repair_ration);
  }
  m.taken += symbols;
  charged_ += symbols;
  if (charged_ >= defaults::repair_ration_begins / 4)
    look_at_most();
}

void repair_ration::look_at_most() {
  charged_ = 0;
  std::vector<std::uint64_t> taken;
  taken.reserve(members_.size());
  for (const auto& [id, m] : members_)
    taken.push_back(m.taken);
  if (taken.empty())
    return;
  // The lower of two in the middle: one of two must not measure itself by itself.
  const auto middle = taken.begin() + static_cast<std::ptrdiff_t>((taken.size() - 1) / 2);
  std::nth_element(taken.begin(), middle, taken.end());
  most_have_had_ = *middle;
}

void repair_ration::defer(const request& what) {
  const auto i = members_.find(what.from);
  if (i == members_.end())
    return;
  auto& m = i->second;
  earn(m);
  const auto same = std::find_if(m.deferred.begin(), m.deferred.end(),
                                 [&](const request& r) { return r.block == what.block; });
  if (same != m.deferred.end()) {
    *same = what;
    return;
  }
  if (m.deferred.size() == defaults::max_repair_requests) {
    m.deferred.pop_front();
    --waiting_;
  }
  m.deferred.push_back(what);
  ++waiting_;
}

void repair_ration::earn(member& m) const noexcept {
  const auto more = defaults::repair_ration * static_cast<double>(source_ - m.credited_at);
  m.credit = std::min(m.credit + more, defaults::max_repair_ration);
  m.credited_at = source_;
}

std::optional<repair_ration::request> repair_ration::next(bool nothing_else) {
  if (waiting_ == 0)
    return std::nullopt;
  auto i = members_.upper_bound(last_served_);
  for (std::size_t looked_at = 0; looked_at < members_.size(); ++looked_at, ++i) {
    if (i == members_.end())
      i = members_.begin();
    auto& m = i->second;
    if (m.deferred.empty())
      continue;
    earn(m);
    if (!nothing_else && m.credit < m.deferred.front().symbols)
      continue;
    auto result = m.deferred.front();
    m.deferred.pop_front();
    --waiting_;
    last_served_ = i->first;
    return result;
  }
  return std::nullopt;
}

bool repair_ration::validate() const {
  std::size_t waiting = 0;
  for (const auto& [id, m] : members_) {
    if (m.deferred.size() > defaults::max_repair_requests)
      return false;
    waiting += m.deferred.size();
  }
  return waiting == waiting_;
}

} // namespace fleetcast::protocol
