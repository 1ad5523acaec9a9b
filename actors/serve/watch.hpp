/// Looks at a transmission a few times a second and notes what people want to know: why the rate moved,
/// storms of repair requests, feedback that was dropped and why.
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "protocol/send/feedback_gate.hpp"

#include <cstdint>
#include <string>

namespace fleetcast::actors {

class transmission_watch {
public:
  struct view {
    session_id session = 0;
    protocol::bit_rate rate = 0; ///< allowed
    std::uint64_t feedback_messages = 0;
    std::uint64_t repair_requests = 0; ///< blocks named in it
    protocol::feedback_gate::drop_counters drops{};
    std::string limit; ///< what keeps it from going faster, and whom
  };

  /// Whether it is time for a look.
  bool due(protocol::timestamp now) const noexcept { return now >= next_; }

  void look(protocol::timestamp now, const view& seen);

  std::uint64_t rate_changes() const noexcept { return rate_changes_; }
  std::uint64_t nack_storms() const noexcept { return nack_storms_; }

private:
  void look_at_rate(const view& seen);
  void look_at_requests(protocol::duration passed, const view& seen);
  void look_at_drops(const view& seen);

  protocol::timestamp next_{};
  protocol::timestamp looked_at_{};
  protocol::bit_rate noted_rate_ = 0;
  view last_;
  bool in_storm_ = false;
  std::uint64_t rate_changes_ = 0;
  std::uint64_t nack_storms_ = 0;
};

} // namespace fleetcast::actors
