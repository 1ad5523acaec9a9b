/// Whom a client takes a server for, and who it says it is itself: known_servers and this host's identity, asked about one
/// server.
#pragma once

#include "actors/trust/known_servers.hpp"
#include "actors/trust/tls_context.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// Copyable. Each call blocks on the disk.
class server_trust {
public:
  /// `server` as io::host_and_port gives it; `fingerprint` given by hand, or empty. Empty paths: the user's own files.
  server_trust(std::string server, std::string fingerprint, const std::string& known_servers,
               const std::string& identity);

  /// The identity to show to that server, made if it is not there. It is for the server that has the given fingerprint or
  /// a pinned one: another one is refused after the handshake, and must not learn in it who we are. A new server does.
  [[nodiscard]] tl::expected<io::client_credentials, protocol::failure> credentials() const;

  /// Why the server that has this fingerprint is refused; none: it fits, and is pinned from now on if it was new. One that
  /// was given by hand is right whatever the file says, and also if the file cannot take it.
  [[nodiscard]] protocol::failure check_or_pin(const std::string& offered) const;

  /// The fingerprints that the server may have: the one given by hand, or those pinned; none: it is new. Pins nothing.
  [[nodiscard]] tl::expected<std::vector<std::string>, protocol::failure> known() const;

private:
  [[nodiscard]] protocol::failure pin_given(const std::string& offered) const;

  std::string server_;
  std::string fingerprint_;
  io::known_servers pins_;
  std::filesystem::path identity_;
};

} // namespace fleetcast::actors
