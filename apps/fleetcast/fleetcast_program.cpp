#include "apps/fleetcast/fleetcast_program.hpp"

#include "api/fleetcast_ext.h"
#include "apps/fleetcast/agent/agent.hpp"
#include "apps/fleetcast/bench/bench.hpp"
#include "apps/fleetcast/console/console.hpp"
#include "apps/fleetcast/console/top.hpp"
#include "apps/fleetcast/fleet/fleet.hpp"
#include "apps/fleetcast/get/get.hpp"
#include "apps/fleetcast/get/identity.hpp"
#include "apps/fleetcast/help_layout.hpp"
#include "apps/fleetcast/list/list.hpp"
#include "apps/fleetcast/serve/serve.hpp"
#include "apps/fleetcast/simulate/simulate.hpp"

#include <memory>

namespace fleetcast::apps {

fleetcast_program::fleetcast_program()
  : commands_("Fleetcast sends one file to any number of hosts at once, over reliable multicast.",
              "fleetcast") {
  commands_.footer("Examples:\n"
                   "  fleetcast serve --namespace images=/srv/images\n"
                   "  fleetcast list server/images\n"
                   "  fleetcast get server/images/debian.img /var/tmp/\n"
                   "  fleetcast fleet get server/images/debian.img debian.img --hosts hosts.txt\n"
                   "  fleetcast bench\n"
                   "  fleetcast console -c sessions\n\n"
                   "'fleetcast COMMAND --help' tells more, with examples.");
  commands_.set_version_flag("--version", FleetcastVersion());
  commands_.require_subcommand(1);
  commands_.formatter(std::make_shared<help_layout>()); // those of commands are made after this one
  register_serve(commands_, selected_);
  register_get(commands_, selected_);
  register_list(commands_, selected_);
  register_identity(commands_, selected_);
  register_console(commands_, selected_);
  register_top(commands_, selected_);
  register_agent(commands_, selected_);
  register_fleet(commands_, selected_);
  register_simulate(commands_, selected_);
  register_bench(commands_, selected_);
}

} // namespace fleetcast::apps
