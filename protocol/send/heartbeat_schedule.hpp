/// When heartbeats go out, and what they say.
///
/// They are frequent while data flows or a repair is awaited, rare when the sender is idle, and give way to symbols at low
/// rates. A heartbeat asks each receiver to speak so often that the whole group keeps to a budget, and announces an edge:
/// how far the sender means to go. Who says nothing while a few heartbeats announced it has consented to it.
///
/// Pure: time is a parameter; what is told is the caller's.
#pragma once

#include "protocol/interval_set.hpp"
#include "protocol/position.hpp"
#include "protocol/require.hpp"
#include "protocol/send/group.hpp"
#include "protocol/send/repair_schedule.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleetcast::protocol {

class heartbeat_schedule {
public:
  /// How fast the sender goes at the moment.
  struct pace {
    duration datagram{};   ///< that the datagram of a full symbol takes
    bool searches = false; ///< for its rate: the sooner receivers report, the sooner that ends
  };

  /// Where it is on its way over the blocks that are to be sent whole.
  struct walk {
    const interval_set& schedule;
    position next;                          ///< to be started
    std::optional<block_number> being_sent; ///< its symbols are not all out yet
  };

  /// `status_budget`: unprompted messages that the whole group should send a second.
  explicit heartbeat_schedule(std::uint32_t status_budget) : status_budget_(status_budget) {
    REQUIRE(status_budget > 0);
  }

  bool is_due(timestamp now) const noexcept { return now >= next_; }
  timestamp next() const noexcept { return next_; }

  /// A symbol was sent, something was asked for, or somebody joined.
  void on_activity(timestamp now) noexcept { last_activity_ = now; }

  /// The next one goes now.
  void send_at_once(timestamp now) noexcept { next_ = now; }

  /// The next one goes soon: it says what will be repaired, which spares the requests of those who still wait. But not for
  /// each of a thousand that ask or join together.
  void hasten(timestamp now);

  /// The heartbeat that goes now; its edge counts as announced from here on.
  [[nodiscard]] wire::heartbeat compose(timestamp now, const walk& at, const group& receivers,
                                        const repair_schedule& repairs, pace speed);

  /// It went; the next one follows after `pause`.
  void on_sent(timestamp now, duration pause) noexcept {
    last_ = now;
    next_ = now + pause;
  }

  /// Of heartbeats, unless something hastens one.
  duration interval(timestamp now, pace speed) const;

  /// How long silence after a heartbeat is no consent yet.
  duration consent_time(timestamp now, pace speed, duration grtt) const;

  /// Of the messages of each receiver in a group of this size. `searches`: as above.
  duration status_interval(std::size_t group_size, bool searches) const;

  /// The edge that the last heartbeat announced.
  position announced_edge() const noexcept { return announced_edge_; }

private:
  std::uint32_t status_budget_;
  timestamp next_ = timestamp::zero();
  timestamp last_ = -never;
  timestamp last_activity_ = timestamp::zero();
  std::uint64_t sent_at_ = 0; ///< of the latest heartbeat
  position announced_edge_;
};

} // namespace fleetcast::protocol
