#include "apps/common/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace fleetcast::apps {

namespace {

/// Time over which the rate forgets, seconds: long enough to read, short enough to see a stall.
constexpr double rate_memory = 3.0;

double fraction(const transfer_figures& figures) {
  if (figures.object_bytes == 0)
    return 0;
  return std::min(1.0, static_cast<double>(figures.there_bytes())
                         / static_cast<double>(figures.object_bytes));
}

/// From then on a rate of the past is no forecast, and what limited it no cause.
constexpr double stalled_after = 2.0;

bool is_stalled(const transfer_figures& figures) {
  return figures.idle_seconds >= stalled_after && figures.there_bytes() < figures.object_bytes;
}

std::string remaining(const transfer_figures& figures) {
  if (figures.waits_for_server)
    return fmt::format("waiting for the server for {:.0f} s", figures.idle_seconds);
  if (is_stalled(figures))
    return fmt::format("nothing for {:.0f} s", figures.idle_seconds);
  if (figures.bits_per_second < 1 || figures.object_bytes <= figures.there_bytes())
    return {};
  auto bits = 8.0 * static_cast<double>(figures.object_bytes - figures.there_bytes());
  return format_time(bits / figures.bits_per_second) + " left";
}

std::string losses(const transfer_figures& figures) {
  if (figures.repaired_symbols == 0 && figures.lost_packets == 0)
    return {};
  return fmt::format("{} repaired", figures.repaired_symbols);
}

/// Only what the user can do something about here.
std::string limit(const transfer_figures& figures) {
  if (is_stalled(figures) || figures.waits_for_server)
    return {};
  switch (figures.limited_by) {
    case FLEETCAST_LIMIT_NETWORK:
      return "network loses packets";
    case FLEETCAST_LIMIT_HOST:
      return "host drops packets";
    case FLEETCAST_LIMIT_CONSUMER:
      return "waits for the disk";
    default:
      return {};
  }
}

void append(std::string& line, const std::string& part) {
  if (!part.empty())
    line += "  " + part;
}

/// What stands beside a bar. Where there is no room, how far it is, how long it takes and what is in the way stay.
std::string beside_bar(const transfer_figures& figures, std::size_t columns) {
  auto bytes = fmt::format("{} of {}", format_bytes(figures.there_bytes()),
                           format_bytes(figures.object_bytes));
  auto rate = format_rate(figures.bits_per_second);
  auto repairs = losses(figures);
  const auto line = [&] {
    auto result = fmt::format("{:3.0f} %", std::floor(100 * fraction(figures)));
    for (const auto& part : {bytes, rate, remaining(figures), repairs, limit(figures)})
      append(result, part);
    return result;
  };
  for (auto* expendable : {&repairs, &bytes, &rate})
    if (line().size() > columns)
      expendable->clear();
  return line();
}

} // namespace

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.95 would print as 1024.0.
  while (value >= 1023.95 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string format_rate(double bits_per_second) {
  if (bits_per_second >= 999.5e6)
    return fmt::format("{:.2f} Gbit/s", bits_per_second / 1e9);
  if (bits_per_second >= 9.995e6)
    return fmt::format("{:.0f} Mbit/s", bits_per_second / 1e6);
  return fmt::format("{:.2f} Mbit/s", bits_per_second / 1e6);
}

std::string format_time(double seconds) {
  constexpr double longest = 99 * 3600.0;
  auto whole = static_cast<unsigned>(std::clamp(std::ceil(seconds), 0.0, longest));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

const char* limit_name(ULONG factor) {
  constexpr std::array names{"unknown", "sender", "network", "host", "consumer"};
  return factor < names.size() ? names[factor] : names[0];
}

std::string format_bar(const transfer_figures& figures, std::size_t columns) {
  const auto tail = beside_bar(figures, columns);
  constexpr std::size_t narrowest = 10;
  constexpr std::size_t widest = 40;
  constexpr std::size_t frame = 3; // brackets and a space
  if (columns < tail.size() + frame + narrowest)
    return tail.substr(0, columns);
  auto width = std::min(widest, columns - tail.size() - frame);
  auto full = static_cast<std::size_t>(fraction(figures) * static_cast<double>(width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + tail;
}

std::string format_line(const transfer_figures& figures) {
  auto line = fmt::format("{:.0f} s: {} of {} ({:.0f} %)", figures.seconds,
                          format_bytes(figures.there_bytes()), format_bytes(figures.object_bytes),
                          std::floor(100 * fraction(figures)));
  append(line, format_rate(figures.bits_per_second));
  append(line, remaining(figures));
  append(line, losses(figures));
  append(line, limit(figures));
  return line;
}

std::string format_waiting(double seconds) {
  return fmt::format("waiting for the server for {:.0f} s", seconds);
}

std::string format_result(const std::string& target, const transfer_figures& figures) {
  const auto continued = figures.proven_bytes == 0
                           ? std::string{}
                           : fmt::format(", {} of them continued,", figures.proven_bytes);
  return fmt::format("{}: {} bytes{} in {:.2f} s, {}, {} symbols repaired, {} packets lost, {}",
                     target, figures.there_bytes(), continued, figures.seconds,
                     format_rate(figures.bits_per_second), figures.repaired_symbols,
                     figures.lost_packets, figures.verified ? "verified" : "NOT VERIFIED");
}

nlohmann::json to_json(const transfer_figures& figures) {
  return {{"object_bytes", figures.object_bytes},
          {"bytes", figures.there_bytes()},
          {"continued_bytes", figures.proven_bytes},
          {"seconds", figures.seconds},
          {"bits_per_second", std::round(figures.bits_per_second)},
          {"repaired_symbols", figures.repaired_symbols},
          {"lost_packets", figures.lost_packets},
          {"limited_by", limit_name(figures.limited_by)},
          {"reconnections", figures.reconnections}};
}

double rate_meter::update(double seconds, std::uint64_t bytes) {
  auto elapsed = seconds - last_seconds_;
  if (elapsed <= 0)
    return rate_;
  auto now = 8.0 * static_cast<double>(bytes - last_bytes_) / elapsed;
  auto weight = started_ ? 1.0 - std::exp(-elapsed / rate_memory) : 1.0;
  rate_ += weight * (now - rate_);
  started_ = started_ || bytes > 0;
  last_seconds_ = seconds;
  last_bytes_ = bytes;
  return rate_;
}

} // namespace fleetcast::apps
