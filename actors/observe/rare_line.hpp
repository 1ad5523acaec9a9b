/// A line of the log that strangers cause as often as they like: said once in a while, with how often it was left out.
/// Pure: knows no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace fleetcast::actors {

class rare_line {
public:
  using clock = std::chrono::steady_clock;

  explicit rare_line(clock::duration pause) : pause_(pause) {}

  /// To be said now: how often it was left out since the last time. Nothing: not now.
  [[nodiscard]] std::optional<std::uint64_t> due(clock::time_point now) {
    if (quiet_until_ && now < *quiet_until_) {
      ++left_out_;
      return std::nullopt;
    }
    quiet_until_ = now + pause_;
    return std::exchange(left_out_, 0);
  }

private:
  clock::duration pause_;
  std::optional<clock::time_point> quiet_until_;
  std::uint64_t left_out_ = 0;
};

} // namespace fleetcast::actors
