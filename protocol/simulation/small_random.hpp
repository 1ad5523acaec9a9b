/// Randomness for ten thousand simulated links: eight bytes of state each, fast, the same everywhere.
#pragma once

#include <cmath>
#include <cstdint>

namespace fleetcast::protocol::simulation {

/// SplitMix64 (Steele, Lea, Flood 2014). Meets the needs of the standard's distributions.
class small_random {
public:
  using result_type = std::uint64_t;

  explicit small_random(std::uint64_t seed) noexcept : state_(seed) {}

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return UINT64_MAX; }

  result_type operator()() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Uniform in (0, 1].
  double unit() noexcept { return static_cast<double>(((*this)() >> 11) + 1) * 0x1p-53; }

  /// How many trials fail before the first success, each of which succeeds with `chance` > 0.
  std::uint64_t failures_before_success(double chance) noexcept {
    if (chance >= 1)
      return 0;
    const auto n = std::floor(std::log(unit()) / std::log1p(-chance));
    return n < 1e18 ? static_cast<std::uint64_t>(n) : std::uint64_t{1'000'000'000'000'000'000};
  }

private:
  std::uint64_t state_;
};

} // namespace fleetcast::protocol::simulation
