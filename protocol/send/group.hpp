/// What the sender knows of its receivers, and what follows for the group as a whole.
#pragma once

#include "protocol/position.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fleetcast::protocol {

class group {
public:
  struct member {
    position limit;       ///< it has room for blocks before this
    position first_limit; ///< at joining
    timestamp heard_at{}; ///< of its last feedback, or of its joining
    duration rtt{};       ///< 0: not measured yet
    bool deaf = false;    ///< it speaks, but heartbeats do not reach it
    bool waived = false;  ///< it does not get on: nobody waits for it
    bool heard = false;   ///< it has spoken
    wire::feedback last;  ///< its last feedback, without the requests
  };

  using members = std::map<receiver_id, member>;

  void add(timestamp now, receiver_id id, position limit);
  void remove(receiver_id id);

  /// From now on nobody waits for it, or again.
  void waive(receiver_id id, bool waived);

  /// We had no turn for `gap`: nobody was silent in it.
  void excuse(timestamp now, duration gap);

  /// Takes in the status part of a feedback. Returns the round trip it shows, if any; nothing and
  /// no effect when `id` is unknown.
  std::optional<duration> update(timestamp now, receiver_id id, const wire::feedback& message);

  bool contains(receiver_id id) const { return members_.contains(id); }
  members::const_iterator find(receiver_id id) const { return members_.find(id); }
  std::size_t size() const noexcept { return members_.size(); }
  bool empty() const noexcept { return members_.empty(); }
  members::const_iterator begin() const noexcept { return members_.begin(); }
  members::const_iterator end() const noexcept { return members_.end(); }

  /// The window's edge: the lowest limit of all, where one not heard within `consent` is taken to have consented to
  /// `announced`, the edge of the last heartbeat. A deaf or waived one is while there are others, and is not where there
  /// are none.
  position edge(timestamp now, duration consent, position announced) const;

  /// The lowest limit of those heard within `recent`; where all are deaf or waived, of all; `unlimited` when there is none.
  position lowest_limit(timestamp now, duration recent) const;

  /// Whose limit that is.
  std::optional<receiver_id> holder(timestamp now, duration recent) const;

  /// Somebody who is still here has spoken.
  bool someone_spoke() const noexcept { return spoke_ > 0; }

  /// Somebody is here whom one waits for.
  bool someone_counts() const noexcept;

  /// Whoever has room for the least, if one waits for it, or lacks the most: the lowest id of several; nobody in an empty
  /// group.
  std::optional<receiver_id> nearest_limit() const;
  std::optional<receiver_id> least_complete() const;

  /// Greatest round trip, within the bounds of defaults.hpp.
  duration grtt() const noexcept;

  /// Those not heard for `silence`. Cheap enough to be asked at every turn: looks at the members only once one of
  /// them can have been silent for so long.
  std::vector<receiver_id> silent(timestamp now, duration silence);

  /// How long nothing was heard of one that should have spoken, being asked to every `status_interval`; nothing if it
  /// should not have yet.
  std::optional<duration> silence(timestamp now, receiver_id id, duration status_interval) const;

  /// Everybody was heard of at this time or later; as of the last look at the members.
  timestamp heard_since() const noexcept { return heard_since_; }

private:
  void measure(duration rtt) noexcept;

  /// One is waited for while there is nobody better.
  static bool is_left_out(const member& m) noexcept { return m.deaf || m.waived; }

  members members_;
  std::size_t spoke_ = 0; ///< members that have spoken
  timestamp heard_since_{};
  duration grtt_;
  bool measured_ = false;
};

} // namespace fleetcast::protocol
