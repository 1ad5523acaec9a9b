/// Reads and writes whole ranges of a file, by as many calls of pread and pwrite as that takes.
#pragma once

#include "apps/common/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace fleetcast::apps {

/// Where it stopped before the end of the range, and why.
struct range_stop {
  std::uint64_t offset = 0;
  int error = 0; ///< errno; 0: the file ends there
};

/// Nothing: all of it was read.
[[nodiscard]] std::optional<range_stop> read_range(const descriptor& file, std::uint64_t offset,
                                                   std::span<std::byte> bytes);

/// Nothing: all of it was written.
[[nodiscard]] std::optional<range_stop> write_range(const descriptor& file, std::uint64_t offset,
                                                    std::span<const std::byte> bytes);

} // namespace fleetcast::apps
