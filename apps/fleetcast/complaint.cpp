#include "apps/fleetcast/complaint.hpp"

#include "apps/common/say.hpp"

#include <cstdio>

namespace fleetcast::apps {

int complain(std::string_view command, std::string_view what, int code) {
  say(stderr, "fleetcast {}: {}\n", command, what);
  return code;
}

} // namespace fleetcast::apps
