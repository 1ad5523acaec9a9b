/// Which hosts, and with which certificates: what the commands of `fleetcast fleet` share.
#pragma once

#include "actors/fleet/agent_port.hpp"
#include "actors/fleet/coordinator.hpp"
#include "actors/trust/fleet_tls_context.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

struct fleet_options {
  std::string hosts; ///< a file, "-", or the list itself
  std::vector<std::string> groups;
  std::uint16_t port = actors::fleet::default_agent_port;
  std::string certificate;
  std::string key;
  std::string ca;
  bool json = false;
};

void add_fleet_options(CLI::App& command, fleet_options& options);

/// Reads the list, standard input for "-". The error is a sentence.
[[nodiscard]] tl::expected<std::vector<actors::fleet::fleet_host>, std::string>
read_hosts(const fleet_options& options);

/// The coordinator's certificates; null: there are none, which only agents on this host accept.
[[nodiscard]] tl::expected<actors::fleet::link_context, protocol::failure>
coordinator_credentials(const fleet_options& options);

} // namespace fleetcast::apps
