#include "protocol/receive/receive_limit_meter.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>

namespace fleetcast::protocol {

void receive_limit_meter::observe(timestamp now, const observation& what) {
  // What was seen last has lasted until now.
  if (last_.consumer_fills_cache)
    full_for_ += now - observed_at_;
  last_ = what;
  observed_at_ = now;
  const auto span = now - span_began_at_;
  if (span < defaults::limit_span)
    return;
  factor_ = judge(span, what);
  at_begin_ = what;
  span_began_at_ = now;
  full_for_ = {};
}

limiting_factor receive_limit_meter::judge(duration span, const observation& now) const noexcept {
  const auto grown = [](std::uint64_t from, std::uint64_t to) { return to - std::min(from, to); };
  const auto received = grown(at_begin_.received, now.received);
  const auto lost = grown(at_begin_.lost, now.lost);
  const auto dropped = std::min(grown(at_begin_.kernel_drops, now.kernel_drops), lost);
  const auto sent = received + lost;
  if (full_for_ >= span / 4)
    return limiting_factor::consumer;
  if (dropped > 0 && dropped * 1000 >= sent)
    return limiting_factor::host;
  // A sender never stops its heartbeats.
  if (received == 0 || (lost - dropped) * 200 >= sent)
    return limiting_factor::network;
  return limiting_factor::sender;
}

} // namespace fleetcast::protocol
