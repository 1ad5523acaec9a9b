#include "actors/fleet/messages.hpp"

namespace fleetcast::actors::fleet {

void add_messages(caf::actor_system_config& config) {
  config.add_message_type<job_request>("fleet_job_request")
    .add_message_type<job_report>("fleet_job_report")
    .add_message_type<job_state>("fleet_job_state");
}

} // namespace fleetcast::actors::fleet
