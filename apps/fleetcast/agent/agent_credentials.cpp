#include "apps/fleetcast/agent/agent_credentials.hpp"

#include <filesystem>
#include <utility>

namespace fleetcast::apps {

namespace fleet = actors::fleet;

using protocol::failure;

agent_credentials::result agent_credentials::read() const {
  std::error_code ignored;
  if (is_chosen_ || context_ || std::filesystem::exists(files_.certificate, ignored))
    return fleet::make_link_context(files_, fleet::link_role::agent);
  if (listens_.is_loopback())
    return nullptr;
  return tl::unexpected{failure{
    protocol::failure_code::access_denied, 0,
    "will not listen at " + listens_.to_string() + " without certificates: there is no "
      + files_.certificate.string()
      + ". Make them with `fleetcast fleet cert host NAME` and copy them there, name others with "
        "--cert, --key and --ca, or --listen 127.0.0.1"}};
}

failure agent_credentials::load() {
  auto found = read();
  if (!found)
    return std::move(found.error());
  context_ = *std::move(found);
  if (!context_)
    return {};
  const auto expires = fleet::expiry_of(context_);
  expires_->store(expires.time_since_epoch().count());
  reminder_.emplace(expires, fleet::link_role::agent);
  return {};
}

std::string agent_credentials::look(std::chrono::sys_seconds now) {
  return reminder_ ? reminder_->look(now) : std::string{};
}

} // namespace fleetcast::apps
