#include "apps/fleetcast/complaint.hpp"

#include <fmt/core.h>

#include <cstdio>

namespace fleetcast::apps {

int complain(std::string_view command, std::string_view what, int code) {
  fmt::print(stderr, "fleetcast {}: {}\n", command, what);
  return code;
}

} // namespace fleetcast::apps
