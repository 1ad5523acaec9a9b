#include "actors/receive/own_host_name.hpp"

#include "protocol/wire/control_messages.hpp"

#include <array>

#include <unistd.h>

namespace fleetcast::actors {

std::string own_host_name() {
  std::array<char, protocol::wire::max_host_name_size + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0)
    return "unknown";
  return name.data();
}

} // namespace fleetcast::actors
