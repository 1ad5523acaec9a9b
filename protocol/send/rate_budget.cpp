#include "protocol/send/rate_budget.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace fleetcast::protocol {

namespace {

/// Of an equal part one of so many parts is kept for a transmission that wants nothing: for its heartbeats, and to begin
/// again with. Until it has shown that it wants more no other can tell it from one that is done.
constexpr bit_rate kept_of_equal = 8;

} // namespace

rate_budget::id rate_budget::add() {
  parts_[++last_].wanted = whole_;
  divide();
  return last_;
}

void rate_budget::remove(id which) {
  parts_.erase(which);
  divide();
}

void rate_budget::demand(id which, bit_rate wanted) {
  const auto found = parts_.find(which);
  if (found == parts_.end() || found->second.wanted == wanted)
    return;
  found->second.wanted = wanted;
  divide();
}

bit_rate rate_budget::share(id which) const {
  return parts_.at(which).given;
}

void rate_budget::divide() {
  if (parts_.empty())
    return;
  std::vector<part*> modest_first;
  modest_first.reserve(parts_.size());
  for (auto& [which, one] : parts_)
    modest_first.push_back(&one);
  std::sort(modest_first.begin(), modest_first.end(),
            [](const part* a, const part* b) { return a->wanted < b->wanted; });
  auto left = whole_;
  auto takers = modest_first.size();
  const auto least = whole_ / takers / kept_of_equal;
  for (auto* one : modest_first) {
    one->given = std::min(std::max(one->wanted, least), left / takers);
    left -= one->given;
    --takers;
  }
  for (auto* one : modest_first)
    one->given += left / modest_first.size();
}

bool rate_budget::validate() const {
  const auto sum
    = std::accumulate(parts_.begin(), parts_.end(), bit_rate{0},
                      [](bit_rate all, const auto& entry) { return all + entry.second.given; });
  // Nobody gets less than an equal part of the whole while it would take it.
  const auto equal = parts_.empty() ? whole_ : whole_ / parts_.size();
  return sum <= whole_ && std::all_of(parts_.begin(), parts_.end(), [&](const auto& entry) {
           return entry.second.given >= std::min(entry.second.wanted, equal);
         });
}

} // namespace fleetcast::protocol
