/// The names of the rate policies on command lines.
#pragma once

#include "protocol/send/rate_policy.hpp"

#include <map>
#include <string>

namespace fleetcast::apps {

inline std::map<std::string, protocol::rate_policy> rate_policies() {
  return {{"adaptive", protocol::rate_policy::adaptive},
          {"tcp-friendly", protocol::rate_policy::tcp_friendly},
          {"fixed", protocol::rate_policy::fixed}};
}

} // namespace fleetcast::apps
