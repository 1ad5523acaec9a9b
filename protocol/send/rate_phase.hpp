/// The phases of adaptive_rate, and which datagrams left in which of them.
///
/// What is measured of a datagram belongs to the phase in which it *left*. The report comes a round trip later, when the
/// sender may have gone through two more phases.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace fleetcast::protocol {

enum class rate_phase : std::uint8_t { startup, drain, cruise, probe, relax };

/// The rate in a phase, as a multiple of what is delivered.
constexpr double gain(rate_phase phase) noexcept {
  constexpr std::array gains{2.0, 0.5, 1.0, 1.25, 0.75};
  return gains[static_cast<std::size_t>(phase)];
}

/// No queue grows in it.
constexpr bool is_calm(rate_phase phase) noexcept {
  return phase == rate_phase::drain || phase == rate_phase::relax;
}

const char* to_string(rate_phase phase) noexcept;

/// The latest phases. Memory is bounded: of datagrams of older ones it is not known any more.
class phase_log {
public:
  struct entry {
    std::uint64_t first_packet = 0;
    rate_phase phase = rate_phase::startup;
  };

  /// From `first_packet` on datagrams leave in `phase`.
  void enter(rate_phase phase, std::uint64_t first_packet);

  /// What `packet` left in; nothing if that was too long ago.
  [[nodiscard]] std::optional<entry> find(std::uint64_t packet) const;

private:
  std::deque<entry> entries_{entry{}};
};

} // namespace fleetcast::protocol
