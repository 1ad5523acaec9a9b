#include "protocol/simulation/link.hpp"

#include "protocol/require.hpp"
#include "protocol/send/bit_rate.hpp"

#include <algorithm>
#include <random>

namespace fleetcast::protocol::simulation {

namespace {

/// What each datagram of a run stands for in time: as long as a full one takes at the link's rate, and no less than this.
/// A run of 44 then lasts 44 ms on a fast link: a fade, or a switch that finds a new way.
constexpr duration least_time_in_run = milliseconds(1);
constexpr std::size_t datagram_in_run = 1448;

/// As good as for ever, and no time overflows.
constexpr duration longest_run = std::chrono::hours(1);

/// Runs after which what was before them says nothing of what is.
constexpr unsigned runs_that_last = 32;

} // namespace

link::link(const link_options& options, std::uint64_t seed) : options_(options), random_(seed) {
  REQUIRE(options.loss >= 0 && options.loss <= 1, options.loss);
  REQUIRE(options.mean_burst >= 1, options.mean_burst);
  REQUIRE(options.delay >= duration::zero() && options.jitter >= duration::zero(), options.delay,
          options.jitter);
}

bool link::plain() const noexcept {
  return options_.jitter == duration::zero() && options_.duplication <= 0 && options_.rate == 0;
}

/// The run that `now` lies in, and in it the datagrams to come.
void link::look_for_run(timestamp now) noexcept {
  if (options_.mean_burst <= 1) {
    do {
      losing_ = !losing_;
      run_left_ = losing_ ? 1 : random_.failures_before_success(options_.loss);
      // Two losses in a row: a run of none between them.
    } while (run_left_ == 0);
    return;
  }
  if (run_left_ == 0)
    begin_run(now, !losing_);
  for (unsigned passed = 0; now >= run_ends_; ++passed)
    if (passed < runs_that_last)
      begin_run(run_ends_, !losing_);
    else
      begin_run(now,
                random_.unit() <= options_.loss); // nothing of what was before matters any more
}

/// Two states (Gilbert and Elliott); the share of time in the bad one is `loss`, the mean stay in it `mean_burst`.
void link::begin_run(timestamp now, bool losing) noexcept {
  losing_ = losing;
  const auto leave = 1 / options_.mean_burst;
  const auto enter = std::min(1.0, leave * options_.loss / std::max(1e-9, 1 - options_.loss));
  run_left_ = 1 + random_.failures_before_success(losing_ ? leave : enter);
  const auto each = options_.rate == 0
                      ? least_time_in_run
                      : std::max(least_time_in_run, time_of(datagram_in_run, options_.rate));
  const auto most = static_cast<std::uint64_t>(longest_run / each);
  run_ends_ = now + each * static_cast<std::int64_t>(std::min(run_left_, most));
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
  if (lose(out))
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
