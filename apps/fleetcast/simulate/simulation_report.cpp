#include "apps/fleetcast/simulate/simulation_report.hpp"

#include "apps/common/progress.hpp"

#include <fmt/format.h>

namespace fleetcast::apps {

namespace {

/// 0 when there is nothing to compare with.
double ratio(double a, double b) {
  return b > 0 ? a / b : 0;
}

std::string format_cohort(const cohort& c) {
  auto line = fmt::format("{:<16} {:>6} {:>9} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}", c.name, c.count,
                          c.complete, c.first, c.median, c.p99, c.last);
  if (c.delay_ratio)
    line += fmt::format("  {:.3f} x as without the others", *c.delay_ratio);
  return line + "\n";
}

double seconds_of(protocol::duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

/// Null for none.
nlohmann::json if_any(protocol::bit_rate rate) {
  return rate == 0 ? nlohmann::json() : nlohmann::json(rate);
}

const char* to_string(protocol::rate_policy policy) {
  switch (policy) {
    case protocol::rate_policy::adaptive:
      return "adaptive";
    case protocol::rate_policy::tcp_friendly:
      return "tcp-friendly";
    case protocol::rate_policy::fixed:
      break;
  }
  return "fixed";
}

nlohmann::json to_json(const cohort& c) {
  nlohmann::json result{
    {"name", c.name},           {"receivers", c.count},       {"receivers_succeeded", c.complete},
    {"first_seconds", c.first}, {"median_seconds", c.median}, {"p99_seconds", c.p99},
    {"last_seconds", c.last}};
  if (c.delay_ratio)
    result["delay_ratio"] = *c.delay_ratio;
  return result;
}

} // namespace

std::string format_table(const simulation_scenario& scenario, const simulation_summary& summary) {
  const auto& s = summary.sender;
  auto text = fmt::format("{:<16} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "seconds", "count",
                          "complete", "first", "median", "99 %", "last");
  for (const auto& c : summary.cohorts)
    text += format_cohort(c);
  const auto line = [&](const char* what, const std::string& value) {
    text += fmt::format("{:<16} {}\n", what, value);
  };
  line("time",
       fmt::format("{:.3f} s, {:.3f} x the loss-free {:.3f} s", summary.seconds,
                   ratio(summary.seconds, summary.loss_free_seconds), summary.loss_free_seconds));
  line("sent", fmt::format(
                 "{}, {:.4f} x the object; {} source, {} repair ({} unasked), {} control datagrams",
                 format_bytes(summary.bytes_sent), summary.sent_ratio, s.source_datagrams,
                 s.repair_datagrams, s.proactive_symbols, s.control_datagrams));
  if (scenario.bottleneck > 0)
    line("rate", fmt::format("{} of {}", format_rate(summary.rate_through),
                             format_rate(static_cast<double>(scenario.bottleneck))));
  if (scenario.tcp_flows > 0)
    line("TCP", fmt::format("{} each of {}; ours is {:.2f} x that", format_rate(summary.tcp_rate),
                            scenario.tcp_flows, ratio(summary.rate_through, summary.tcp_rate)));
  line("feedback",
       fmt::format("{} messages, {:.0f} a second, {} in the busiest one", s.feedback_messages,
                   summary.feedback_per_second, summary.feedback_peak));
  line("requests",
       fmt::format("{} sent, {} suppressed", summary.requests_sent, summary.requests_suppressed));
  line("sender waited",
       fmt::format("{} times for the window, {} for content", s.window_stalls, s.read_stalls));
  line("seed", fmt::format("{}", scenario.seed));
  return text;
}

nlohmann::json to_json(const simulation_scenario& scenario, const simulation_summary& summary) {
  const auto& s = summary.sender;
  auto cohorts = nlohmann::json::array();
  for (const auto& c : summary.cohorts)
    cohorts.push_back(to_json(c));
  return {
    {"seed", scenario.seed},
    {"receivers", scenario.receivers},
    {"object_bytes", scenario.object_size},
    {"loss_percent", 100 * scenario.loss},
    {"burst_datagrams", scenario.burst},
    {"rtt_seconds", seconds_of(scenario.rtt)},
    {"rate_policy", to_string(scenario.policy)},
    {"fixed_bits_per_second",
     if_any(scenario.policy == protocol::rate_policy::fixed ? scenario.rate : 0)},
    {"bottleneck_bits_per_second", if_any(scenario.bottleneck)},
    {"passed_bits_per_second", summary.rate_through},
    {"tcp_flows", scenario.tcp_flows},
    {"tcp_bits_per_second", summary.tcp_rate},
    {"tcp_ratio", ratio(summary.rate_through, summary.tcp_rate)},
    {"succeeded", summary.complete},
    {"receivers_sent_away", summary.sent_away},
    {"seconds", summary.seconds},
    {"loss_free_seconds", summary.loss_free_seconds},
    {"time_ratio", ratio(summary.seconds, summary.loss_free_seconds)},
    {"sent_bytes", summary.bytes_sent},
    {"sent_ratio", summary.sent_ratio},
    {"cohorts", std::move(cohorts)},
    {"source_datagrams", s.source_datagrams},
    {"repair_datagrams", s.repair_datagrams},
    {"proactive_symbols", s.proactive_symbols},
    {"control_datagrams", s.control_datagrams},
    {"feedback",
     {{"messages", s.feedback_messages},
      {"per_second", summary.feedback_per_second},
      {"peak_second", summary.feedback_peak}}},
    {"requests", {{"sent", summary.requests_sent}, {"suppressed", summary.requests_suppressed}}},
    {"window_stalls", s.window_stalls},
    {"read_stalls", s.read_stalls}};
}

} // namespace fleetcast::apps
