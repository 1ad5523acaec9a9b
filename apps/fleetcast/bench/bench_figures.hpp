/// What `fleetcast bench` measured, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// One receiver in one round.
struct bench_receiver {
  double seconds = 0; ///< until every byte was handed over; the sync to disk comes after that
  std::uint64_t lost_packets = 0;
  std::uint64_t repaired_symbols = 0;
  std::uint64_t peak_bytes = 0; ///< of memory
  double cpu_seconds = 0;
};

/// One transfer to all receivers.
struct bench_round {
  double seconds = 0; ///< from the first command's start to the last one's end
  std::vector<bench_receiver> receivers;
};

struct bench_figures {
  std::uint64_t object_bytes = 0;
  std::vector<bench_round> rounds;
  std::uint64_t server_peak_bytes = 0; ///< 0: the server is not ours
  double server_cpu_seconds = 0;       ///< of all rounds
};

/// Of whole commands.
[[nodiscard]] double rate_of(const bench_figures& figures, const bench_round& round);

/// Until the slowest receiver had every byte.
[[nodiscard]] double transfer_rate_of(const bench_figures& figures, const bench_round& round);

/// Of an odd number of values the one in the middle, of an even number the mean of the two there; of none, 0.
[[nodiscard]] double median(std::vector<double> values);

/// A line for each round, and what follows from them.
[[nodiscard]] std::string to_table(const bench_figures& figures);

[[nodiscard]] nlohmann::json to_json(const bench_figures& figures);

} // namespace fleetcast::apps
