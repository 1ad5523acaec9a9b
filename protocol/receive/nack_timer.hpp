/// When a receiver may ask for repair: the random back-off of RFC 5740 section 4.2.
///
/// All receivers that lost the same symbols want to ask at once. Each waits a random time up to
/// K x GRTT whose distribution is skewed so that, whatever the group's size, few are early; the first
/// request is answered by an announcement (heartbeat) that lets the rest drop theirs.
///
/// In a small group there is nobody to wait for, so K shrinks with the group: 1 for up to two
/// receivers, log2 of the size beyond, K from 16 receivers on.
#pragma once

#include "protocol/defaults.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>
#include <random>

namespace fleetcast::protocol {

class nack_timer {
public:
  explicit nack_timer(std::uint64_t seed) : random_(seed) {}

  bool running() const noexcept { return due_ != never; }
  bool expired(timestamp now) const noexcept { return due_ <= now; }
  timestamp due() const noexcept { return due_; }

  /// Starts a back-off. Requires !running().
  void start(timestamp now, duration grtt, std::size_t group_size) {
    due_ = now + backoff(grtt, group_size);
  }

  void stop() noexcept { due_ = never; }

  /// The same for whoever asks again because no answer came. Hardly anybody has asked for the same, since most
  /// were kept from it the first time: a quarter of the wait will do.
  void start_again(timestamp now, duration grtt, std::size_t group_size) {
    due_ = now + backoff(grtt, group_size) / defaults::nack_backoff_factor;
  }

  /// A random back-off; exposed for tests of its distribution.
  duration backoff(duration grtt, std::size_t group_size);

  /// Uniform in [0, 1), for whatever else receivers should not do all at once.
  double uniform() { return std::uniform_real_distribution<double>{0.0, 1.0}(random_); }

  /// Longest back-off.
  static duration max_backoff(duration grtt, std::size_t group_size);

  /// How long an unanswered request is left alone: its answer needs a round trip on top of the
  /// longest back-off of others whose requests are merged with it (RFC 5740's holdoff).
  static duration holdoff(duration grtt, std::size_t group_size) {
    return max_backoff(grtt, group_size) + 2 * grtt + defaults::reorder_delay;
  }

  /// How long the first request for something is left alone. The sender answers at once, so what was not
  /// announced within two round trips got lost, or its answer. Whoever gets none again is more patient.
  static duration first_holdoff(duration grtt) { return 2 * grtt + defaults::reorder_delay; }

private:
  std::mt19937_64 random_;
  timestamp due_ = never;
};

} // namespace fleetcast::protocol
