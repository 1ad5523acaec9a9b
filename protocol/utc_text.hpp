/// Moments for people and programs, as in RFC 3339.
#pragma once

#include <fmt/core.h>

#include <chrono>
#include <string>

namespace fleetcast::protocol {

/// "2026-01-31T12:00:00Z", or with the fraction that `Duration` has: "2026-01-31T12:00:00.250Z".
template <class Duration>
std::string utc_text(std::chrono::sys_time<Duration> at) {
  namespace chrono = std::chrono;
  using parts_of_day = chrono::hh_mm_ss<Duration>;
  const auto day = chrono::floor<chrono::days>(at);
  const chrono::year_month_day date{day};
  const parts_of_day time{at - day};
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          time.hours().count(), time.minutes().count(), time.seconds().count());
  if constexpr (parts_of_day::fractional_width > 0)
    text += fmt::format(".{:0{}}", time.subseconds().count(), parts_of_day::fractional_width);
  return text + "Z";
}

} // namespace fleetcast::protocol
