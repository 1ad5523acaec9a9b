/// Which server is the right one, and who asks it: options that `get` and `list` have in common.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace fleetcast::apps {

struct trust_options {
  std::string fingerprint;   ///< that the server must have; empty: what is pinned, or anything new
  std::string known_servers; ///< file of pinned identities; empty: the usual one
  bool authenticate = false; ///< tell the server who this host is, if it asks
};

void add_trust_options(CLI::App& command, trust_options& options);

} // namespace fleetcast::apps
