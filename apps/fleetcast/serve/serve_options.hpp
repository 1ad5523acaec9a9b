/// The options of `fleetcast serve`, which are the settings of its file, too.
#pragma once

#include "actors/serve/transmissions.hpp"
#include "apps/fleetcast/daemon/daemon.hpp"
#include "protocol/send/rate_policy.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace fleetcast::apps {

struct serve_arguments {
  std::vector<std::string> namespaces;
  std::string listen = "[::]:5040";
  std::string interface;
  std::vector<std::string> authorized;
  std::vector<std::string> groups;
  std::string feedback_port;
  std::uint64_t rate = 0;
  std::uint64_t max_rate = 0;
  actors::transmission_bounds bounds;
  protocol::rate_policy policy = protocol::rate_policy::adaptive;
  bool is_policy_given = false;
  unsigned ttl = 1;
  std::size_t mtu = 0;
  std::string security = "sealed";
  double inject_loss = 0;
  std::string state_dir;
  bool no_digest_cache = false;
  daemon_options daemon;
};

/// All of them but --config, with their checks. `arguments` must outlive the parsing.
void add_serve_options(CLI::App& command, serve_arguments& arguments);

} // namespace fleetcast::apps
