/// Notices receivers that are not heard, and that they are heard again, each once.
#pragma once

#include "actors/messages/serving.hpp"
#include "protocol/send/sender.hpp"

#include <map>
#include <optional>
#include <vector>

namespace fleetcast::actors {

class feedback_watch {
public:
  struct change {
    receiver_id who = 0;
    protocol::duration unheard{}; ///< 0: it is heard (again)
    bool ever = false;            ///< it was heard before
  };

  /// Whether it is time for a look.
  bool due(protocol::timestamp now) const noexcept { return now >= next_; }

  /// What changed since the last look.
  std::vector<change> look(protocol::timestamp now, const protocol::sender& sender);

  /// Feedback of `who` came. What changes by that; nothing if it was not missed.
  std::optional<change> heard(receiver_id who);

private:
  protocol::timestamp next_{};
  std::map<receiver_id, bool> told_; ///< unheard, and whether it was heard before
};

} // namespace fleetcast::actors
