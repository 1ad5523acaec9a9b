#include "protocol/control/given_identity.hpp"

namespace fleetcast::protocol::control {

failure check_given_identity(const std::string& server, const std::string& given,
                             const std::string& offered) {
  if (given.empty() || offered == given)
    return {};
  return {failure_code::identity_changed, 0,
          "THE IDENTITY OF " + server
            + " IS NOT THE ONE ASKED FOR. Somebody may be pretending to be that server, so nothing "
              "was sent to it. Asked for: "
            + given + ". Offered: " + offered
            + ". Compare both with what `fleetcast serve` prints on that host when it starts"};
}

} // namespace fleetcast::protocol::control
