#include "protocol/send/tcp_friendly_rate.hpp"

#include <algorithm>
#include <cmath>

namespace fleetcast::protocol {

namespace {

/// Whoever has had nothing new to say for this long does not set the rate, and when nobody has, it halves: above
/// the longest silence in groups of up to a thousand.
constexpr duration longest_silence = defaults::status_keep_alive + seconds(1);

/// Halvings in silence, at most.
constexpr std::int64_t most_halvings = 20;

/// Round trip's share of a new measurement (RFC 5348 section 4.3).
constexpr double rtt_gain = 0.1;

constexpr double nanoseconds_a_second = 1e9;

} // namespace

double tcp_friendly_rate::throughput(double bytes, duration rtt, double p) noexcept {
  const auto r = static_cast<double>(std::max(rtt, duration{1}).count()) / nanoseconds_a_second;
  const auto time_out = 4 * r;
  return 8 * bytes
         / (r * std::sqrt(2 * p / 3) + time_out * 3 * std::sqrt(3 * p / 8) * p * (1 + 32 * p * p));
}

// -- events -----------------------------------------------------------------------------------------

void tcp_friendly_rate::on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) {
  sent_.add(now, packet, bytes);
  ++sent_packets_;
}

void tcp_friendly_rate::on_held_back(timestamp now) {
  held_back_at_ = now;
}

void tcp_friendly_rate::on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                                    duration rtt) {
  auto& p = paths_[from];
  if (rtt > duration::zero()) {
    const auto sample = static_cast<double>(rtt.count());
    p.rtt_ns = p.rtt_ns == 0 ? sample : (1 - rtt_gain) * p.rtt_ns + rtt_gain * sample;
    p.losses.on_round_trip(rtt);
  }
  // One that claims what was never sent says nothing.
  if (message.highest_packet <= p.packet || message.highest_packet > sent_.last_packet())
    return;
  const auto first = p.packet == 0;
  const auto since_last = now - p.news_at;
  news_at_ = p.news_at = now;
  const auto expected = static_cast<double>(message.highest_packet - p.packet);
  const auto received = static_cast<double>(message.received_packets
                                            - std::min(message.received_packets, p.received));
  p.packet = message.highest_packet;
  p.received = message.received_packets;
  if (first) {
    p.base_received = p.received;
    p.base_at = p.doubled_at = now;
    return;
  }
  const auto arrived = p.arriving == 0 ? arrived_since_base(now, p) : p.arriving;
  measure_arrival(now, p);
  lose(now, p, {expected, std::max(0.0, expected - received), since_last, arrived, rtt});
  allow(now, p);
  if (!slowest_ || p.allowed < allowed_ || slowest_ == from || slowest_is_silent(now))
    find_slowest(now);
}

void tcp_friendly_rate::on_receiver_gone(timestamp now, receiver_id id) {
  if (paths_.erase(id) > 0)
    find_slowest(now);
}

bit_rate tcp_friendly_rate::rate(timestamp now) const {
  if (allowed_ == 0)
    return defaults::start_rate;
  auto rate = static_cast<bit_rate>(
    std::clamp(allowed_, double{defaults::min_rate}, static_cast<double>(defaults::max_rate)));
  const auto silence = now - news_at_;
  if (silence > longest_silence)
    rate >>= std::min<std::int64_t>(silence / longest_silence, most_halvings);
  return std::max(rate, defaults::min_rate);
}

// -- a path -----------------------------------------------------------------------------------------

duration tcp_friendly_rate::rtt_of(const path& p) const noexcept {
  const auto measured = duration{static_cast<std::int64_t>(p.rtt_ns)};
  return p.rtt_ns == 0 ? duration{defaults::initial_grtt}
                       : std::max<duration>(measured, defaults::min_grtt);
}

double tcp_friendly_rate::mean_bytes() const noexcept {
  return sent_packets_ == 0
           ? 0
           : static_cast<double>(sent_.bytes()) / static_cast<double>(sent_packets_);
}

double tcp_friendly_rate::arrived_since_base(timestamp now, const path& p) const noexcept {
  const auto took = static_cast<double>(std::max(now - p.base_at, rtt_of(p)).count());
  const auto packets = static_cast<double>(p.received - std::min(p.received, p.base_received));
  return packets * mean_bytes() * 8 * nanoseconds_a_second / took;
}

void tcp_friendly_rate::measure_arrival(timestamp now, path& p) {
  if (now - p.base_at < rtt_of(p))
    return;
  p.arriving = arrived_since_base(now, p);
  p.base_received = p.received;
  p.base_at = now;
}

double tcp_friendly_rate::interval_for(double rate, duration rtt) const noexcept {
  double low = 1e-9;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const auto middle = std::sqrt(low * high);
    (throughput(mean_bytes(), rtt, middle) > rate ? low : high) = middle;
  }
  return 1 / high;
}

void tcp_friendly_rate::lose(timestamp now, path& p, const news& n) {
  p.losses.on_packets(n.packets, n.lost);
  const auto rtt = std::max(rtt_of(p), n.rtt); // the queue may only just have filled
  // Losses soon after an event belong to it: a queue that drops what it has no room for goes on doing so for a
  // round trip, until its flows notice, and when since the last report it did is not known. RFC 5348 says one
  // round trip; then, of several receivers, the one whose reports cut a time of losses in two would set the
  // rate, at less than half of TCP's.
  if (n.lost < 1 || (!p.losses.empty() && now - p.event_at < 2 * rtt + n.since_last))
    return;
  p.event_at = now;
  if (!p.losses.empty())
    return p.losses.on_event();
  // The first event ends slow start. TCP goes on with half of what it sent, and what arrived in the round trip
  // before is that: what a bottleneck carries, or half of a rate that doubled since. As if it had always been
  // like it (RFC 5348 section 6.3.1).
  p.losses.begin(interval_for(std::max(n.arrived, double{defaults::min_rate}), rtt));
}

void tcp_friendly_rate::allow(timestamp now, path& p) {
  if (p.losses.empty()) {
    // Slow start: doubled once a round trip, but not beyond twice what arrives. Less arrives, and nothing is
    // lost, when somebody else's path sets the rate: that says nothing about this one.
    if (now - p.doubled_at < rtt_of(p) || p.arriving == 0)
      return;
    p.doubled_at = now;
    p.allowed = std::max(p.allowed, 2 * p.arriving);
    return;
  }
  p.allowed = throughput(mean_bytes(), rtt_of(p), p.losses.event_rate());
  // More than twice what arrives is a guess, unless it is the window or the disk that lets no more arrive.
  if (p.arriving > 0 && now - held_back_at_ > 2 * rtt_of(p))
    p.allowed = std::min(p.allowed, 2 * p.arriving);
}

// -- the group --------------------------------------------------------------------------------------

bool tcp_friendly_rate::slowest_is_silent(timestamp now) const {
  return slowest_ && now - paths_.at(*slowest_).news_at > longest_silence;
}

void tcp_friendly_rate::find_slowest(timestamp now) {
  slowest_.reset();
  next_allowed_ = 0;
  for (const auto& [id, p] : paths_) {
    if (p.allowed == 0 || now - p.news_at > longest_silence)
      continue;
    if (!slowest_ || p.allowed < allowed_) {
      next_allowed_ = slowest_ ? allowed_ : 0;
      slowest_ = id;
      allowed_ = p.allowed;
    } else if (next_allowed_ == 0 || p.allowed < next_allowed_) {
      next_allowed_ = p.allowed;
    }
  }
}

limiting_factor tcp_friendly_rate::limited_by() const {
  return slowest_ ? limiting_factor::network : limiting_factor::unknown;
}

std::optional<receiver_id> tcp_friendly_rate::slowest() const {
  // Where all would be as slow, they share what makes them so.
  const auto stands_out = next_allowed_ == 0 || next_allowed_ > 1.1 * allowed_;
  return stands_out ? slowest_ : std::nullopt;
}

} // namespace fleetcast::protocol
