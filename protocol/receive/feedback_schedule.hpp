/// When a receiver may speak, and when it must.
///
/// Three reasons to speak: a request for what is lacking, after a random back-off (nack_timer.hpp); an objection, when the
/// sender announces an edge that this receiver has no room for; and a status message, when there is news or it was silent
/// for long. Thousands must not all speak at once, so what everybody has a reason for waits for a time drawn by chance.
///
/// Pure: time is a parameter. What is said is the caller's; it tells `on_sent` when it said something.
#pragma once

#include "protocol/position.hpp"
#include "protocol/receive/address_proof.hpp"
#include "protocol/receive/heard_heartbeat.hpp"
#include "protocol/receive/nack_timer.hpp"
#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol {

class feedback_schedule {
public:
  /// What a message is due for at a moment; neither: none is.
  struct due {
    bool request = false;
    bool status = false;

    explicit operator bool() const noexcept { return request || status; }
  };

  /// `seed`: of what is drawn by chance.
  feedback_schedule(std::uint64_t seed, const address_proof& proof, timestamp now);

  // -- requests ---------------------------------------------------------------------------------

  bool is_request_planned() const noexcept { return nack_.running(); }

  /// When the request under way will be made; `never`: none is.
  timestamp request_due() const noexcept { return nack_.due(); }

  /// Something is lacking of what the sender, at `at`, has passed. `again`: it was asked for once already. Requires that
  /// no request is planned.
  void plan_request(timestamp now, position at, bool again, const heard_heartbeat& beat);

  /// Where the sender was when the request was planned. Only what had been passed by then is asked for; the rest may just
  /// be late.
  position planned_at() const noexcept { return planned_at_; }

  /// The request is made, or needless.
  void end_request() noexcept { nack_.stop(); }

  /// The sender is at `at`, whatever was thought of it.
  void go_back_to(position at) noexcept;

  // -- status -----------------------------------------------------------------------------------

  /// A status message goes at once.
  void report(timestamp now) noexcept { next_status_ = now; }

  /// One goes within a status interval.
  void report_soon(timestamp now, const heard_heartbeat& beat);

  /// The same instead of what was planned: a heartbeat came, after none had for long.
  void introduce(timestamp now, const heard_heartbeat& beat);

  /// There may be news: the receiver, which holds `capacity` blocks, has room up to `room`.
  void plan_status(timestamp now, position room, std::size_t capacity, const heard_heartbeat& beat);

  /// A heartbeat came while there is room up to `room`. Requires `beat`.
  void plan_objection(timestamp now, position room, const heard_heartbeat& beat);

  /// What was planned counts no more.
  void drop_objection() noexcept { object_at_ = never; }

  // -- speaking ---------------------------------------------------------------------------------

  /// What is due now and may be said.
  due find_due(timestamp now) const noexcept;

  /// When something will be due and may be said.
  timestamp next_event() const noexcept;

  /// A message went that said `limit`.
  void on_sent(timestamp now, position limit, const heard_heartbeat& beat);

  /// The server says that message `packet` arrived. `next_packet`: the number of the next one.
  void on_heard(std::uint64_t packet, std::uint64_t next_packet) noexcept {
    proof_.arrived(packet, next_packet);
  }

  /// Entries that each list of a message may have.
  std::size_t most_entries() const noexcept;

private:
  timestamp may_speak_at() const noexcept;
  duration pause_without_news(timestamp now, const heard_heartbeat& beat);
  duration random_within(duration span);

  address_proof proof_;
  nack_timer nack_;
  position planned_at_;

  timestamp next_status_;
  timestamp last_status_;
  timestamp object_at_ = never;
  bool has_spoken_ = false;

  /// What the last message said.
  position reported_limit_;

  /// It said that there is no room before the announced edge: the sender may be waiting.
  bool holds_edge_ = false;
};

} // namespace fleetcast::protocol
