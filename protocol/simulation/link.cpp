#include "protocol/simulation/link.hpp"

#include "protocol/require.hpp"
#include "protocol/send/bit_rate.hpp"

#include <algorithm>
#include <random>

namespace fleetcast::protocol::simulation {

link::link(const link_options& options, std::uint64_t seed) : options_(options), random_(seed) {
  REQUIRE(options.loss >= 0 && options.loss <= 1, options.loss);
  REQUIRE(options.mean_burst >= 1, options.mean_burst);
  REQUIRE(options.delay >= duration::zero() && options.jitter >= duration::zero(), options.delay,
          options.jitter);
}

bool link::plain() const noexcept {
  return options_.jitter == duration::zero() && options_.duplication <= 0 && options_.rate == 0;
}

void link::next_run() noexcept {
  losing_ = !losing_;
  if (options_.mean_burst <= 1) {
    run_left_ = losing_ ? 1 : random_.failures_before_success(options_.loss);
    // Two losses in a row: a run of none between them.
    if (run_left_ == 0)
      next_run();
    return;
  }
  // Two states (Gilbert and Elliott); the share of time in the bad one is `loss`, the mean stay in it
  // `mean_burst`.
  const auto leave = 1 / options_.mean_burst;
  const auto enter = std::min(1.0, leave * options_.loss / std::max(1e-9, 1 - options_.loss));
  run_left_ = 1 + random_.failures_before_success(losing_ ? leave : enter);
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
    free_at_ = std::max(free_at_, now) + time_of(size, options_.rate);
    out = free_at_;
  }
  if (lose())
    return arrivals_;
  const auto copies = options_.duplication > 0 && random_.unit() <= options_.duplication ? 2 : 1;
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
