#include "protocol/send/capped_rate.hpp"

#include <algorithm>

namespace fleetcast::protocol {

namespace {

/// Of the share: who used more of it would have used more than all of it.
constexpr double used_up = 0.85;

/// What one that uses less may still grow by until it is asked again.
constexpr bit_rate spare = 2;

} // namespace

std::optional<bit_rate> capped_rate::demand(timestamp now) {
  if (!span_began_at_) {
    span_began_at_ = now;
    return std::nullopt;
  }
  const auto span = now - *span_began_at_;
  if (span < demand_span)
    return std::nullopt;
  const auto sent = static_cast<double>(span_bytes_) * 8e9 / static_cast<double>(span.count());
  span_began_at_ = now;
  span_bytes_ = 0;
  const auto own = own_->rate(now);
  if (sent >= used_up * static_cast<double>(std::min(own, cap_)))
    return own;
  return std::min(own, spare * static_cast<bit_rate>(sent));
}

void capped_rate::on_receiver_joined(timestamp now, receiver_id id) {
  own_->on_receiver_joined(now, id);
}

void capped_rate::on_sent(timestamp now, std::uint64_t packet, std::size_t bytes) {
  span_bytes_ += bytes;
  is_capped_ = own_->rate(now) > cap_;
  own_->on_sent(now, packet, bytes);
  // What arrives of less than was wanted says little of the path.
  if (is_capped_)
    own_->on_held_back(now);
}

void capped_rate::on_held_back(timestamp now) {
  own_->on_held_back(now);
}

void capped_rate::on_feedback(timestamp now, receiver_id from, const wire::feedback& message,
                              duration rtt) {
  own_->on_feedback(now, from, message, rtt);
}

void capped_rate::on_receiver_gone(timestamp now, receiver_id id) {
  own_->on_receiver_gone(now, id);
}

bit_rate capped_rate::rate(timestamp now) const {
  return std::max<bit_rate>(1, std::min(own_->rate(now), cap_));
}

bool capped_rate::searches() const {
  return own_->searches();
}

limiting_factor capped_rate::limited_by() const {
  return is_capped_ ? limiting_factor::rate : own_->limited_by();
}

std::optional<receiver_id> capped_rate::slowest() const {
  return is_capped_ ? std::nullopt : own_->slowest();
}

} // namespace fleetcast::protocol
