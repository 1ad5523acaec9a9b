/// A one-way network path in virtual time: loss, delay, jitter, duplication, a bottleneck.
#pragma once

#include "protocol/send/rate_controller.hpp"
#include "protocol/simulation/small_random.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleetcast::protocol::simulation {

struct link_options {
  /// Share of datagrams lost, 0 to 1.
  double loss = 0;

  /// Mean length of a run of losses, in datagrams: 1 is independent loss, more is bursty (Gilbert-Elliott). A run ends
  /// with its last datagram, or after the time that its datagrams take at the link's rate, at least a millisecond each: it
  /// happens to the link, so a sender that sends little does not prolong it.
  double mean_burst = 1;

  duration delay = microseconds(100);

  /// Added to the delay: uniform in [0, jitter). Beyond the datagrams' spacing it reorders them.
  duration jitter{};

  /// Share of datagrams that arrive twice.
  double duplication = 0;

  /// Bits per second of the bottleneck; 0: none.
  bit_rate rate = 0;

  /// Bytes that may wait at the bottleneck; what comes on top is dropped.
  std::size_t queue_bytes = 256 * 1024;
};

class link {
public:
  link(const link_options& options, std::uint64_t seed);

  /// When a datagram of `size` bytes that enters at `now` comes out: at no, one or two times.
  const std::vector<timestamp>& transmit(timestamp now, std::size_t size);

  /// Whether nothing happens on it but loss, and every datagram takes `delay`: then whoever sends a lot may
  /// ask `lose` for each datagram instead of `transmit`.
  bool plain() const noexcept;

  duration delay() const noexcept { return options_.delay; }

  /// Whether the next datagram, which leaves the bottleneck at `now`, is lost.
  bool lose(timestamp now) noexcept {
    if (options_.loss <= 0)
      return false;
    if (run_left_ == 0 || now >= run_ends_)
      look_for_run(now);
    --run_left_;
    return losing_;
  }

private:
  void look_for_run(timestamp now) noexcept;
  void begin_run(timestamp now, bool losing) noexcept;

  link_options options_;
  small_random random_;

  /// The next so many datagrams share one fate.
  std::uint64_t run_left_ = 0;
  bool losing_ = true;         ///< that fate; it changes with each run, and the first is to be kind
  timestamp run_ends_ = never; ///< at the latest

  timestamp free_at_{};
  std::vector<timestamp> arrivals_;
};

} // namespace fleetcast::protocol::simulation
