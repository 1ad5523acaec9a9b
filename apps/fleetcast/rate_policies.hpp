/// The names of the rate policies on command lines.
#pragma once

#include "protocol/send/rate_policy.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>

namespace fleetcast::apps {

inline std::map<std::string, protocol::rate_policy> rate_policies() {
  return {{"adaptive", protocol::rate_policy::adaptive},
          {"tcp-friendly", protocol::rate_policy::tcp_friendly},
          {"fixed", protocol::rate_policy::fixed}};
}

/// For an option that takes one. CLI11 shows the values of an enumeration as bytes, so the help names them here.
inline CLI::Validator rate_policy_names() {
  return CLI::CheckedTransformer(rate_policies()).description("adaptive|tcp-friendly|fixed");
}

} // namespace fleetcast::apps
