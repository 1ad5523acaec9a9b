/// Who holds how many of a limited number of places, so that a few sources cannot take all of them. Pure.
///
/// A source may have one more place only while three times as many are free as it holds. So one source gets a quarter of
/// the places, the next one that takes all it can a quarter of what is left, and so on. Sources that hold one place each
/// can take all of them.
#pragma once

#include "actors/kit/entrance.hpp"

#include <cstddef>
#include <map>

namespace fleetcast::actors {

class fair_places {
public:
  using address = entrance::address;

  explicit fair_places(std::size_t places) : free_(places) {}

  /// False: it may not have one more now.
  [[nodiscard]] bool take(const address& source) {
    if (free_for_each * held_by(source) >= free_)
      return false;
    --free_;
    ++held_[source];
    return true;
  }

  /// One that it took.
  void give_back(const address& source) {
    ++free_;
    const auto found = held_.find(source);
    if (--found->second == 0)
      held_.erase(found);
  }

  std::size_t held_by(const address& source) const {
    const auto found = held_.find(source);
    return found == held_.end() ? 0 : found->second;
  }

private:
  static constexpr std::size_t free_for_each = 3;

  std::size_t free_;
  std::map<address, std::size_t> held_;
};

} // namespace fleetcast::actors
