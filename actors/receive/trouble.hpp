/// What is wrong with a receive session, in sentences for people.
#pragma once

#include "actors/kit/data_path.hpp"
#include "actors/messages/receiving.hpp"
#include "protocol/receive/liveness.hpp"
#include "protocol/wire/control_messages.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// Knows what was said already: each trouble is told once when it begins, and once when it is over.
class trouble {
public:
  void set_path(data_path path) { path_ = std::move(path); }

  /// What is to be said now of the way down.
  [[nodiscard]] std::vector<std::string> note(const protocol::reception_health& health,
                                              const receive_summary& summary);

  /// What is to be said now of the way up.
  [[nodiscard]] std::vector<std::string> note(const protocol::wire::feedback_state& state);

  /// A failure that ends the session, with what is wrong now, if that may be the cause.
  [[nodiscard]] failure explain(failure reason) const;

private:
  std::string where() const;
  std::string way_down() const;
  std::string way_up() const;

  std::optional<data_path> path_;
  bool is_deaf_ = false;
  bool is_stalled_ = false;
  bool is_unheard_ = false;
  bool was_heard_ = false;
};

} // namespace fleetcast::actors
