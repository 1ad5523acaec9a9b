#include "actors/serve/seal_choice.hpp"

#include <algorithm>

namespace fleetcast::actors {

namespace wire = protocol::wire;

std::optional<wire::seal_suite> choose(const std::vector<wire::seal_suite>& offered,
                                       bool unsealed) {
  const auto i = std::find_if(offered.begin(), offered.end(), [unsealed](wire::seal_suite s) {
    if (unsealed)
      return s == wire::seal_suite::none;
    return s == wire::seal_suite::chacha20_poly1305 || s == wire::seal_suite::aes_256_gcm;
  });
  return i == offered.end() ? std::nullopt : std::optional{*i};
}

std::string nothing_in_common(const std::vector<wire::seal_suite>& offered, bool unsealed) {
  if (unsealed)
    return "this server was started with `--security none` and sends nothing sealed or verified, "
           "which this host did not ask for: say `fleetcast get --security none` (or set "
           "FLEETCAST_SECURITY=none) if that is really meant, or start the server without it";
  if (std::find(offered.begin(), offered.end(), wire::seal_suite::none) != offered.end())
    return "this host asks for what is neither sealed nor verified (`--security none`, "
           "FLEETCAST_SECURITY or `security` in its configuration file), which this server was not "
           "started for: ask without it, or start the server with `fleetcast serve --security "
           "none`";
  return "client and server have no way of sealing datagrams in common";
}

} // namespace fleetcast::actors
