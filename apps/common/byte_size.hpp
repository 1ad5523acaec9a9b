/// Sizes as people type them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fleetcast::apps {

/// "1048576", "1024K", "1M", "1MiB", "1mb" are all the same: the units are K, M, G and T, powers of
/// 1024, in either case, "iB" or "B" behind them makes no difference. Nothing for anything else, or
/// if it does not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

} // namespace fleetcast::apps
