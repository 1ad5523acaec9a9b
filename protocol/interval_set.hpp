/// Sets of block numbers as sorted, disjoint, half-open intervals, with a cap on their number.
///
/// What a peer can make this set hold is bounded: at the cap an insertion that would add another
/// interval is refused (`false`), and the caller counts it. Removing never fails: where a removal
/// in the middle would split an interval beyond the cap, the set has one interval more than its
/// cap until the next merge; callers whose removals a peer controls must check `full()` first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

class interval_set {
public:
  using value_type = std::uint32_t;

  /// [first, last)
  struct interval {
    value_type first;
    value_type last;

    std::uint64_t size() const noexcept { return std::uint64_t{last} - first; }
    friend bool operator==(const interval&, const interval&) = default;
  };

  using const_iterator = std::vector<interval>::const_iterator;

  explicit interval_set(std::size_t max_intervals) : max_intervals_(max_intervals) {}

  /// So many more intervals fit from now on.
  void raise_cap(std::size_t more) noexcept {
    max_intervals_ += std::min(more, std::numeric_limits<std::size_t>::max() - max_intervals_);
  }

  /// Adds [first, last). Returns false, changing nothing, when that needs one interval too many.
  [[nodiscard]] bool insert(value_type first, value_type last);

  /// Takes [first, last) out.
  void erase(value_type first, value_type last);

  void clear() noexcept {
    intervals_.clear();
    size_ = 0;
  }

  bool contains(value_type value) const noexcept;

  /// Whether all of [first, last) is in the set.
  bool contains(value_type first, value_type last) const noexcept;

  /// The smallest member that is not below `from`.
  std::optional<value_type> next(value_type from) const noexcept;

  /// The `n`-th member (counting from 0) that is not below `from`.
  std::optional<value_type> nth(value_type from, std::uint64_t n) const noexcept;

  /// The smallest non-member that is not below `from`.
  value_type next_gap(value_type from) const noexcept;

  /// Number of members below `end`.
  std::uint64_t count_below(value_type end) const noexcept;

  /// Number of members.
  std::uint64_t size() const noexcept { return size_; }

  bool empty() const noexcept { return intervals_.empty(); }
  bool full() const noexcept { return intervals_.size() >= max_intervals_; }

  /// Intervals that still fit.
  std::size_t room() const noexcept {
    return max_intervals_ - std::min(max_intervals_, intervals_.size());
  }
  const_iterator begin() const noexcept { return intervals_.begin(); }
  const_iterator end() const noexcept { return intervals_.end(); }

  /// Checks every promise of this class; for tests and debug builds.
  [[nodiscard]] bool validate() const noexcept;

private:
  /// The first interval that ends after `value`.
  const_iterator find_ending_after(value_type value) const noexcept;

  std::size_t max_intervals_;
  std::uint64_t size_ = 0;
  std::vector<interval> intervals_;
};

} // namespace fleetcast::protocol
