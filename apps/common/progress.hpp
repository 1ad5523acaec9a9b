/// How a transfer goes, in words: a bar for terminals, lines for logs, JSON for programs.
#pragma once

#include "api/fleetcast_ext.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace fleetcast::apps {

/// One look at a transfer.
struct transfer_figures {
  std::uint64_t object_bytes = 0;  ///< 0 until known, and for an empty object
  std::uint64_t written_bytes = 0; ///< that came
  std::uint64_t proven_bytes = 0;  ///< held before, and proven
  double seconds = 0;              ///< since the start
  double bits_per_second = 0;      ///< of late; over the whole transfer once it is over
  std::uint64_t repaired_symbols = 0;
  std::uint64_t lost_packets = 0;
  ULONG limited_by = FLEETCAST_LIMIT_UNKNOWN;
  bool verified = true;    ///< false: both ends were told to do without
  double idle_seconds = 0; ///< nothing was written for so long
  bool waits_for_server = false;
  ULONG reconnections = 0; ///< the server came back so often

  /// Of the object.
  std::uint64_t there_bytes() const noexcept { return written_bytes + proven_bytes; }
};

/// "1.5 GiB", "180 B".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// "812 Mbit/s", "1.25 Gbit/s".
[[nodiscard]] std::string format_rate(double bits_per_second);

/// "0:07", "12:30", "1:02:03".
[[nodiscard]] std::string format_time(double seconds);

/// What a FLEETCAST_LIMIT_ code means, as one word: "network".
[[nodiscard]] const char* limit_name(ULONG factor);

/// One line for a terminal of `columns` columns, never longer than that.
[[nodiscard]] std::string format_bar(const transfer_figures& figures, std::size_t columns);

/// One line for a log.
[[nodiscard]] std::string format_line(const transfer_figures& figures);

/// Of a session that has not begun after `seconds`.
[[nodiscard]] std::string format_waiting(double seconds);

/// The last line of a transfer that succeeded.
[[nodiscard]] std::string format_result(const std::string& target, const transfer_figures& figures);

/// The fields that all JSON events of a running or finished transfer share.
[[nodiscard]] nlohmann::json to_json(const transfer_figures& figures);

/// The rate of late: an average over some three seconds that follows changes, and starts right.
class rate_meter {
public:
  /// `bytes` were there `seconds` after the start; gives bits per second.
  double update(double seconds, std::uint64_t bytes);

private:
  double last_seconds_ = 0;
  std::uint64_t last_bytes_ = 0;
  double rate_ = 0;
  bool started_ = false;
};

} // namespace fleetcast::apps
