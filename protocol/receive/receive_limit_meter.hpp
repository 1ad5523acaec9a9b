/// Finds out what limits one receiver: its consumer, its host, the way to it, or nothing of these.
#pragma once

#include "protocol/limiting_factor.hpp"
#include "protocol/timestamp.hpp"

#include <cstdint>

namespace fleetcast::protocol {

/// Judges spans of time, one after the other; what it says is the verdict on the last whole span. The first
/// that holds wins, since each can bring about those after it:
///
///   consumer  for a quarter of the time there was no room, and half of the cache was the consumer's
///   host      the kernel dropped one datagram in a thousand, or more
///   network   one in two hundred got lost on the way, or more, or nothing came at all
///   sender    none of these
class receive_limit_meter {
public:
  /// How things stand; the counters only grow (`lost` may shrink when something comes late).
  struct observation {
    bool consumer_fills_cache = false;
    std::uint64_t received = 0;
    std::uint64_t lost = 0;
    std::uint64_t kernel_drops = 0;
  };

  explicit receive_limit_meter(timestamp now) : span_began_at_(now), observed_at_(now) {}

  /// O(1); often enough is a few times a span.
  void observe(timestamp now, const observation& what);

  limiting_factor factor() const noexcept { return factor_; }

private:
  limiting_factor judge(duration span, const observation& now) const noexcept;

  observation at_begin_; ///< of the running span
  observation last_;
  timestamp span_began_at_;
  timestamp observed_at_;
  duration full_for_{}; ///< of the running span
  limiting_factor factor_ = limiting_factor::unknown;
};

} // namespace fleetcast::protocol
