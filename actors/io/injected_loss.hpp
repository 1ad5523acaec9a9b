/// Datagrams thrown away on purpose, so that repair can be tried and measured in the real programs on
/// any network, without root.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace fleetcast::actors::io {

/// Loses each datagram by itself, with the same chance. Not thread-safe.
class injected_loss {
public:
  /// The environment variable that makes every receiving socket of a process lose datagrams: percent.
  static constexpr const char* variable = "FLEETCAST_INJECT_LOSS";

  /// Beyond this hardly anything would arrive.
  static constexpr double max_percent = 90;

  /// `percent` in 0 to max_percent.
  injected_loss(double percent, std::uint64_t seed);

  /// What the variable says, by a seed of chance; nothing lost when it is not set, or not understood: programs refuse
  /// that (trial_switches.hpp).
  [[nodiscard]] static injected_loss from_environment();

  /// "1", "0.5": nothing when `text` is no such number.
  [[nodiscard]] static std::optional<double> parse(const char* text) noexcept;

  /// Takes what is lost out of `datagrams`; the others keep their order. Returns how many.
  std::size_t thin(std::vector<std::span<const std::byte>>& datagrams);

private:
  std::bernoulli_distribution lost_;
  std::mt19937_64 chance_;
};

} // namespace fleetcast::actors::io
