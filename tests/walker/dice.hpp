/// Randomness of one thread or one session: the seed of the run says all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>

namespace fleetcast::walker {

class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}

  /// From 0 to `end` - 1; `end` at least 1.
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  /// True so many times in a thousand.
  bool chance(unsigned per_mille) { return below(1000) < per_mille; }

  template <class Container>
  auto& one_of(Container& choices) {
    return choices[below(std::size(choices))];
  }

  /// For one of those that this one's owner makes.
  std::uint64_t seed() { return random_(); }

  std::mt19937_64& engine() noexcept { return random_; }

private:
  std::mt19937_64 random_;
};

} // namespace fleetcast::walker
