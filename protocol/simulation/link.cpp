#include "protocol/simulation/link.hpp"

#include <algorithm>

namespace fleetcast::protocol::simulation {

link::link(const link_options& options, std::uint64_t seed) : options_(options), random_(seed) {}

bool link::chance(double probability) {
  return std::uniform_real_distribution<double>{0.0, 1.0}(random_) < probability;
}

bool link::lose() {
  if (options_.loss <= 0)
    return false;
  if (options_.mean_burst <= 1)
    return chance(options_.loss);
  // Two states; the share of time in the bad one is `loss`, the mean stay in it `mean_burst`.
  const auto leave = 1 / options_.mean_burst;
  const auto enter = std::min(1.0, leave * options_.loss / std::max(1e-9, 1 - options_.loss));
  in_burst_ = in_burst_ ? !chance(leave) : chance(enter);
  return in_burst_;
}

const std::vector<timestamp>& link::transmit(timestamp now, std::size_t size) {
  arrivals_.clear();
  auto out = now;
  if (options_.rate > 0) {
    const auto bits_waiting = std::max(free_at_ - now, duration::zero()).count();
    const auto bytes_waiting
      = static_cast<double>(bits_waiting) * static_cast<double>(options_.rate) / 8e9;
    if (bytes_waiting > static_cast<double>(options_.queue_bytes))
      return arrivals_;
    free_at_ = std::max(free_at_, now)
               + duration{static_cast<std::int64_t>(size * 8'000'000'000ULL / options_.rate)};
    out = free_at_;
  }
  if (lose())
    return arrivals_;
  const auto copies = chance(options_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto at = out + options_.delay;
    if (options_.jitter > duration::zero())
      at += duration{
        std::uniform_int_distribution<std::int64_t>{0, options_.jitter.count() - 1}(random_)};
    arrivals_.push_back(at);
  }
  return arrivals_;
}

} // namespace fleetcast::protocol::simulation
