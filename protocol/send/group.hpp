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
    timestamp heard_at{}; ///< of its last feedback, or of its joining
    duration rtt{};       ///< 0: not measured yet
    bool deaf = false;    ///< it speaks, but heartbeats do not reach it
    wire::feedback last;  ///< its last feedback, without the requests
  };

  using members = std::map<receiver_id, member>;

  void add(timestamp now, receiver_id id, position limit);
  void remove(receiver_id id) { members_.erase(id); }

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
  /// `announced`, the edge of the last heartbeat. A deaf one is while others hear, and is not while nobody does.
  position edge(timestamp now, duration consent, position announced) const;

  /// The lowest limit of those heard within `recent`; where all are deaf, of all; `unlimited` when there is none.
  position lowest_limit(timestamp now, duration recent) const;

  /// Whoever has room for the least, or lacks the most: the lowest id of several; nobody in an empty group.
  std::optional<receiver_id> nearest_limit() const;
  std::optional<receiver_id> least_complete() const;

  /// Greatest round trip, within the bounds of defaults.hpp.
  duration grtt() const noexcept;

  /// Those not heard for `silence`. Cheap enough to be asked at every turn: looks at the members only once one of
  /// them can have been silent for so long.
  std::vector<receiver_id> silent(timestamp now, duration silence);

  /// Everybody was heard of at this time or later; as of the last look at the members.
  timestamp heard_since() const noexcept { return heard_since_; }

private:
  void measure(duration rtt) noexcept;
  bool someone_hears() const noexcept;

  members members_;
  timestamp heard_since_{};
  duration grtt_;
  bool measured_ = false;
};

} // namespace fleetcast::protocol
