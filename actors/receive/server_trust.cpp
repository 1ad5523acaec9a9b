#include "actors/receive/server_trust.hpp"

#include "actors/observe/log.hpp"
#include "actors/trust/identity.hpp"

#include <memory>
#include <utility>

namespace fleetcast::actors {

using protocol::failure;

namespace {

constexpr const char* log_name_of_trust = "control_client";

void tell_pinned(io::known_servers::verdict verdict, const std::string& server,
                 const std::string& fingerprint) {
  auto to = log(log_name_of_trust);
  if (verdict == io::known_servers::verdict::pinned)
    to.info("{} is new, and its identity {} is pinned", server, fingerprint);
  if (verdict == io::known_servers::verdict::replaced)
    to.warn("{} has another identity than the pinned one: {}, which was given by hand and is "
            "pinned from now on",
            server, fingerprint);
}

} // namespace

server_trust::server_trust(std::string server, std::string fingerprint,
                           const std::string& known_servers, const std::string& identity)
  : server_(std::move(server)),
    fingerprint_(std::move(fingerprint)),
    pins_(known_servers.empty() ? io::known_servers::default_path()
                                : std::filesystem::path{known_servers}),
    identity_(identity.empty() ? io::default_client_identity() : std::filesystem::path{identity}) {}

tl::expected<io::client_credentials, failure> server_trust::credentials() const {
  auto who = io::load_or_create_client_identity(identity_);
  if (!who)
    return tl::unexpected{std::move(who.error())};
  auto servers = known();
  if (!servers)
    return tl::unexpected{std::move(servers.error())};
  return io::client_credentials{std::make_shared<const io::identity>(std::move(*who)),
                                *std::move(servers)};
}

failure server_trust::check_or_pin(const std::string& offered) const {
  if (!fingerprint_.empty())
    return pin_given(offered);
  auto verdict = pins_.check_or_pin(server_, offered);
  if (!verdict)
    return std::move(verdict.error());
  tell_pinned(*verdict, server_, offered);
  return {};
}

failure server_trust::pin_given(const std::string& offered) const {
  const auto verdict = pins_.pin_given(server_, offered);
  if (verdict)
    tell_pinned(*verdict, server_, offered);
  else
    log(log_name_of_trust)
      .warn("{} has the identity that was asked for, but it cannot be pinned: {}", server_,
            verdict.error().text);
  return {};
}

tl::expected<std::vector<std::string>, failure> server_trust::known() const {
  if (!fingerprint_.empty())
    return std::vector{fingerprint_};
  return pins_.pinned(server_);
}

} // namespace fleetcast::actors
