#include "apps/fleetcast/bench/bench_figures.hpp"

#include "apps/common/progress.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fleetcast::apps {

namespace {

/// No transfer takes less; so nothing is divided by zero.
constexpr double shortest = 1e-6;

double bits_per_second(const bench_figures& figures, double seconds) {
  return 8.0 * static_cast<double>(figures.object_bytes) / std::max(seconds, shortest);
}

template <class Pick>
auto greatest(const bench_round& round, Pick pick) {
  decltype(pick(bench_receiver{})) result{};
  for (const auto& receiver : round.receivers)
    result = std::max(result, pick(receiver));
  return result;
}

template <class Pick>
std::uint64_t sum(const bench_round& round, Pick pick) {
  std::uint64_t result = 0;
  for (const auto& receiver : round.receivers)
    result += pick(receiver);
  return result;
}

template <class Rate>
double median_rate(const bench_figures& figures, Rate rate) {
  std::vector<double> values;
  for (const auto& round : figures.rounds)
    values.push_back(rate(figures, round));
  return median(std::move(values));
}

std::uint64_t receiver_peak(const bench_figures& figures) {
  std::uint64_t result = 0;
  for (const auto& round : figures.rounds)
    result = std::max(result, greatest(round, [](const auto& r) { return r.peak_bytes; }));
  return result;
}

nlohmann::json to_json(const bench_receiver& receiver) {
  return {{"seconds", receiver.seconds},
          {"lost_packets", receiver.lost_packets},
          {"repaired_symbols", receiver.repaired_symbols},
          {"peak_bytes", receiver.peak_bytes},
          {"cpu_seconds", receiver.cpu_seconds}};
}

} // namespace

double rate_of(const bench_figures& figures, const bench_round& round) {
  return bits_per_second(figures, round.seconds);
}

double transfer_rate_of(const bench_figures& figures, const bench_round& round) {
  return bits_per_second(figures, greatest(round, [](const auto& r) { return r.seconds; }));
}

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string to_table(const bench_figures& figures) {
  auto table
    = fmt::format("{:>5}  {:>9}  {:>13}  {:>13}  {:>9}  {:>9}  {:>9}\n", "round", "seconds",
                  "whole command", "without sync", "lost", "repaired", "peak MiB");
  constexpr double mebibyte = 1024.0 * 1024.0;
  for (std::size_t i = 0; i < figures.rounds.size(); ++i) {
    const auto& round = figures.rounds[i];
    table += fmt::format(
      "{:>5}  {:>9.3f}  {:>13}  {:>13}  {:>9}  {:>9}  {:>9.1f}\n", i + 1, round.seconds,
      format_rate(rate_of(figures, round)), format_rate(transfer_rate_of(figures, round)),
      sum(round, [](const auto& r) { return r.lost_packets; }),
      sum(round, [](const auto& r) { return r.repaired_symbols; }),
      static_cast<double>(greatest(round, [](const auto& r) { return r.peak_bytes; })) / mebibyte);
  }
  const auto each = median_rate(figures, rate_of);
  const auto receivers = figures.rounds.empty() ? 0 : figures.rounds.front().receivers.size();
  table += fmt::format("\nmedian: {} to each receiver, {} to all {}\n", format_rate(each),
                       format_rate(each * static_cast<double>(receivers)), receivers);
  if (figures.server_peak_bytes > 0)
    table += fmt::format("server: {:.1f} MiB at most, {:.2f} s of processor time\n",
                         static_cast<double>(figures.server_peak_bytes) / mebibyte,
                         figures.server_cpu_seconds);
  return table;
}

nlohmann::json to_json(const bench_figures& figures) {
  auto rounds = nlohmann::json::array();
  for (const auto& round : figures.rounds) {
    auto receivers = nlohmann::json::array();
    for (const auto& receiver : round.receivers)
      receivers.push_back(to_json(receiver));
    rounds.push_back({{"seconds", round.seconds},
                      {"bits_per_second", std::round(rate_of(figures, round))},
                      {"transfer_bits_per_second", std::round(transfer_rate_of(figures, round))},
                      {"receivers", std::move(receivers)}});
  }
  nlohmann::json result{
    {"object_bytes", figures.object_bytes},
    {"rounds", std::move(rounds)},
    {"median_bits_per_second", std::round(median_rate(figures, rate_of))},
    {"median_transfer_bits_per_second", std::round(median_rate(figures, transfer_rate_of))},
    {"receiver_peak_bytes", receiver_peak(figures)}};
  if (figures.server_peak_bytes > 0) {
    result["server_peak_bytes"] = figures.server_peak_bytes;
    result["server_cpu_seconds"] = figures.server_cpu_seconds;
  }
  return result;
}

} // namespace fleetcast::apps
