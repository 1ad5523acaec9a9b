#include "protocol/receive/feedback_schedule.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"

#include <algorithm>

namespace fleetcast::protocol {

feedback_schedule::feedback_schedule(std::uint64_t seed, const address_proof& proof, timestamp now)
  : proof_(proof),
    nack_(seed),
    next_status_(now + defaults::status_keep_alive),
    last_status_(now) {}

// -- requests -------------------------------------------------------------------------------------

void feedback_schedule::plan_request(timestamp now, position at, bool again,
                                     const heard_heartbeat& beat) {
  REQUIRE(!is_request_planned());
  planned_at_ = at;
  const auto from = now + defaults::reorder_delay;
  if (again)
    nack_.start_again(from, beat.grtt(), beat.group_size());
  else
    nack_.start(from, beat.grtt(), beat.group_size());
}

void feedback_schedule::go_back_to(position at) noexcept {
  planned_at_ = std::min(planned_at_, at);
}

// -- status ---------------------------------------------------------------------------------------

void feedback_schedule::report_soon(timestamp now, const heard_heartbeat& beat) {
  next_status_ = std::min(next_status_, now + random_within(beat.status_interval()));
}

void feedback_schedule::introduce(timestamp now, const heard_heartbeat& beat) {
  next_status_ = now + random_within(beat.status_interval());
}

void feedback_schedule::plan_status(timestamp now, position room, std::size_t capacity,
                                    const heard_heartbeat& beat) {
  // News for the sender is an eighth of the cache more room; less can wait for the next message.
  const auto step = std::max<block_number>(1, static_cast<block_number>(capacity / 8));
  const auto news
    = room.pass > reported_limit_.pass
      || (room.block > reported_limit_.block && room.block - reported_limit_.block >= step);
  const auto interval
    = holds_edge_ ? duration{defaults::min_status_interval} : beat.status_interval();
  if (news)
    next_status_ = std::min(next_status_, std::max(now, last_status_ + interval));
}

void feedback_schedule::plan_objection(timestamp now, position room, const heard_heartbeat& beat) {
  // What was reported counts for as long as silence is no consent. When it may be what holds the sender up, and
  // there is more room now, that is news.
  const auto counts_for = defaults::consent_heartbeats * beat.gap() + 2 * beat.grtt();
  if (has_spoken_ && now - last_status_ <= counts_for && reported_limit_ <= beat->edge
      && reported_limit_ < room) {
    object_at_ = std::min(object_at_, last_status_ + defaults::min_status_interval);
  } else if (holds_edge_ && room <= beat->edge) {
    // Said again before silence would count as consent.
    const auto interval = std::max<duration>(2 * beat.grtt(), defaults::min_objection_interval);
    object_at_ = std::min(object_at_, last_status_ + interval);
  } else if (beat->edge > room) {
    // The sender is about to outrun this receiver. So perhaps others with less room, one of which speaks first:
    // the next heartbeat announces its edge.
    if (object_at_ == never)
      object_at_ = std::max(
        last_status_ + defaults::min_status_interval,
        now + nack_.backoff(beat.grtt(), beat.group_size()) / defaults::nack_backoff_factor);
  } else {
    object_at_ = never;
    holds_edge_ = false;
  }
}

// -- speaking -------------------------------------------------------------------------------------

feedback_schedule::due feedback_schedule::find_due(timestamp now) const noexcept {
  if (now < may_speak_at())
    return {};
  return {nack_.expired(now), next_status_ <= now || object_at_ <= now};
}

timestamp feedback_schedule::next_event() const noexcept {
  return std::max(std::min({nack_.due(), next_status_, object_at_}), may_speak_at());
}

void feedback_schedule::on_sent(timestamp now, position limit, const heard_heartbeat& beat) {
  has_spoken_ = true;
  last_status_ = now;
  reported_limit_ = limit;
  holds_edge_ = beat && (limit < beat->edge || (holds_edge_ && limit == beat->edge));
  object_at_ = never;
  next_status_ = now + pause_without_news(now, beat);
}

std::size_t feedback_schedule::most_entries() const noexcept {
  return proof_.is_pending() ? address_proof::most_entries : SIZE_MAX;
}

timestamp feedback_schedule::may_speak_at() const noexcept {
  return has_spoken_ ? proof_.earliest(last_status_) : -never;
}

duration feedback_schedule::pause_without_news(timestamp now, const heard_heartbeat& beat) {
  // A thousand that lose the sender at the same moment shall not all speak at once, nor often.
  const auto interval = beat.status_interval();
  if (beat.is_deaf(now))
    return std::max<duration>(
      defaults::status_keep_alive / 2 + random_within(defaults::status_keep_alive), interval);
  return std::max<duration>(
    interval, std::min<duration>(defaults::status_slack * interval, defaults::status_keep_alive));
}

duration feedback_schedule::random_within(duration span) {
  return duration{static_cast<std::int64_t>(nack_.uniform() * static_cast<double>(span.count()))};
}

} // namespace fleetcast::protocol
