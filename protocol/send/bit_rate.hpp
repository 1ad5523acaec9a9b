/// Rates, and what they make of bytes and time.
#pragma once

#include "protocol/timestamp.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol {

/// Bits per second of UDP payload.
using bit_rate = std::uint64_t;

/// The time that `bytes`, up to 2 GiB, take at `rate` > 0.
constexpr duration time_of(std::size_t bytes, bit_rate rate) noexcept {
  return duration{static_cast<duration::rep>(bytes * 8'000'000'000ULL / rate)};
}

/// The rate of `bytes` in `took`, which counts for a nanosecond at least.
constexpr bit_rate rate_of(double bytes, duration took) noexcept {
  return static_cast<bit_rate>(8e9 * bytes
                               / static_cast<double>(std::max(duration{1}, took).count()));
}

/// That share of a rate.
constexpr bit_rate share_of(bit_rate rate, double share) noexcept {
  return static_cast<bit_rate>(share * static_cast<double>(rate));
}

} // namespace fleetcast::protocol
