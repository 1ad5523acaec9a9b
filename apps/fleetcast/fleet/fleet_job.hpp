/// Runs a coordinator to its end and tells people and programs how it goes.
#pragma once

#include "actors/fleet/coordinator.hpp"
#include "actors/trust/fleet_tls_context.hpp"

namespace fleetcast::apps {

struct fleet_end {
  actors::fleet::fleet_view view;
  int signal = 0; ///< that interrupted it; 0: none. The agents go on.
};

struct fleet_display {
  bool json = false;
  bool live = true; ///< tell of progress, not only of the end
};

/// Once in a process: it takes over signals. Or what kept it from beginning.
[[nodiscard]] tl::expected<fleet_end, protocol::failure>
run_fleet(actors::fleet::fleet_plan plan, actors::fleet::link_context context,
          const fleet_display& display);

} // namespace fleetcast::apps
