#include "actors/trust/renewal.hpp"

namespace fleetcast::actors::fleet {

using std::chrono::days;
using std::chrono::sys_seconds;

namespace {

/// What has become of it, or will.
std::string fate_of(sys_seconds expires, sys_seconds now) {
  if (expires <= now)
    return "has expired, so connections with it are refused";
  const auto left = std::chrono::floor<days>(expires - now).count();
  if (left == 0)
    return "expires in less than a day";
  return "expires in " + std::to_string(left) + (left == 1 ? " day" : " days");
}

std::string what_to_do(link_role role) {
  std::string result = renewal_of(role);
  if (role == link_role::agent)
    result += "; then make the agent read it (systemctl reload fleetcast-agent, or SIGHUP)";
  return result;
}

} // namespace

std::string renewal_due(sys_seconds expires, sys_seconds now, link_role role) {
  constexpr days soon{30};
  if (expires - now > soon)
    return {};
  return "this " + std::string{role == link_role::agent ? "agent" : "coordinator"}
         + "'s certificate " + fate_of(expires, now) + ": " + what_to_do(role);
}

std::string renewal_reminder::look(sys_seconds now) {
  // A clock that was set back has no say.
  const bool is_fresh = said_at_ && now >= *said_at_ && now - *said_at_ < days{1};
  auto words = is_fresh ? std::string{} : renewal_due(expires_, now, role_);
  if (!words.empty())
    said_at_ = now;
  return words;
}

} // namespace fleetcast::actors::fleet
