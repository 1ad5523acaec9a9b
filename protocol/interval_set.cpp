#include "protocol/interval_set.hpp"

#include <algorithm>

namespace fleetcast::protocol {

interval_set::const_iterator interval_set::find_ending_after(value_type value) const noexcept {
  return std::upper_bound(intervals_.begin(), intervals_.end(), value,
                          [](value_type v, const interval& i) { return v < i.last; });
}

bool interval_set::insert(value_type first, value_type last) {
  if (first >= last)
    return true;
  // Every interval in [from, to) overlaps or touches the new one and is merged into it.
  auto from = std::lower_bound(intervals_.begin(), intervals_.end(), first,
                               [](const interval& i, value_type v) { return i.last < v; });
  auto to = from;
  interval merged{first, last};
  std::uint64_t swallowed = 0;
  for (; to != intervals_.end() && to->first <= last; ++to) {
    merged.first = std::min(merged.first, to->first);
    merged.last = std::max(merged.last, to->last);
    swallowed += to->size();
  }
  if (from == to) {
    if (full())
      return false;
    intervals_.insert(from, merged);
  } else {
    *from = merged;
    intervals_.erase(from + 1, to);
  }
  size_ += merged.size() - swallowed;
  return true;
}

void interval_set::erase(value_type first, value_type last) {
  if (first >= last)
    return;
  auto i = intervals_.begin() + (find_ending_after(first) - intervals_.begin());
  while (i != intervals_.end() && i->first < last) {
    const interval old = *i;
    const interval cut{std::max(old.first, first), std::min(old.last, last)};
    size_ -= cut.size();
    const interval left{old.first, cut.first};
    const interval right{cut.last, old.last};
    if (left.size() != 0 && right.size() != 0) {
      *i = left;
      intervals_.insert(i + 1, right);
      return;
    }
    if (left.size() == 0 && right.size() == 0) {
      i = intervals_.erase(i);
    } else {
      *i = left.size() != 0 ? left : right;
      ++i;
    }
  }
}

bool interval_set::contains(value_type value) const noexcept {
  const auto i = find_ending_after(value);
  return i != intervals_.end() && i->first <= value;
}

bool interval_set::contains(value_type first, value_type last) const noexcept {
  if (first >= last)
    return true;
  const auto i = find_ending_after(first);
  return i != intervals_.end() && i->first <= first && i->last >= last;
}

std::optional<interval_set::value_type> interval_set::next(value_type from) const noexcept {
  const auto i = find_ending_after(from);
  if (i == intervals_.end())
    return std::nullopt;
  return std::max(i->first, from);
}

std::optional<interval_set::value_type> interval_set::nth(value_type from,
                                                          std::uint64_t n) const noexcept {
  for (auto i = find_ending_after(from); i != intervals_.end(); ++i) {
    const interval rest{std::max(i->first, from), i->last};
    if (n < rest.size())
      return static_cast<value_type>(rest.first + n);
    n -= rest.size();
  }
  return std::nullopt;
}

interval_set::value_type interval_set::next_gap(value_type from) const noexcept {
  const auto i = find_ending_after(from);
  return i != intervals_.end() && i->first <= from ? i->last : from;
}

std::uint64_t interval_set::count_below(value_type end) const noexcept {
  std::uint64_t count = 0;
  for (const auto& i : intervals_) {
    if (i.first >= end)
      break;
    count += std::min(i.last, end) - i.first;
  }
  return count;
}

bool interval_set::validate() const noexcept {
  std::uint64_t members = 0;
  for (std::size_t i = 0; i < intervals_.size(); ++i) {
    if (intervals_[i].first >= intervals_[i].last)
      return false;
    if (i > 0 && intervals_[i - 1].last >= intervals_[i].first)
      return false;
    members += intervals_[i].size();
  }
  return members == size_;
}

} // namespace fleetcast::protocol
