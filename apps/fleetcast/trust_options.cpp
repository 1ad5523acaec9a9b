#include "apps/fleetcast/trust_options.hpp"

namespace fleetcast::apps {

void add_trust_options(CLI::App& command, trust_options& options) {
  command
    .add_option(
      "--fingerprint,-f", options.fingerprint,
      "The identity that the server must have, as it prints it; pinned in place of another one")
    ->type_name("SHA256:…");
  command.add_flag("--auth,-a", options.authenticate,
                   "Tell the server who this host is, if it asks");
  command
    .add_option("--known-servers", options.known_servers,
                "Identities pinned so far (default ~/.config/fleetcast/known_servers)")
    ->type_name("FILE");
}

} // namespace fleetcast::apps
