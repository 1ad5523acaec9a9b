/// Keeps lines of one kind from drowning a log: strangers cause some of them, as often as they like. Pure: knows no
/// clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors {

/// A bucket of lines for each kind. Kinds are the sentences of the code, so there are only so many.
class log_limit {
public:
  using duration = std::chrono::nanoseconds;
  using time = std::chrono::nanoseconds; ///< since whenever, never going back

  struct rules {
    /// At once: a lab of so many hosts that joins, or ends, has a line for each of them.
    std::uint32_t burst = 1000;

    /// From then on: some 4 KB a second of the longest lines.
    std::uint32_t per_second = 10;

    /// How long lines are left out before their count is told.
    duration told_after = std::chrono::seconds{10};
  };

  /// Lines that were not written.
  struct left_out {
    std::string kind;
    std::uint64_t lines = 0;
    duration span{}; ///< since the first of them
  };

  log_limit() = default;
  explicit log_limit(rules limits) : rules_(limits) {}

  /// Whether a line of this kind is written now; if not it is counted.
  [[nodiscard]] bool admit(std::string_view kind, time now);

  /// Counts to be told now, each once: of what has been left out for `told_after`.
  [[nodiscard]] std::vector<left_out> take_due(time now);

  /// All counts there are: at the end.
  [[nodiscard]] std::vector<left_out> take_all(time now);

private:
  struct bucket {
    double tokens = 0;
    time filled_at{};
    std::uint64_t lines = 0; ///< left out
    time since{};            ///< the first of them
  };

  template <class Predicate>
  std::vector<left_out> take_if(time now, Predicate is_due);

  rules rules_;
  std::map<std::string, bucket, std::less<>> kinds_;
  std::uint64_t untold_ = 0; ///< lines left out, of all kinds
};

} // namespace fleetcast::actors
