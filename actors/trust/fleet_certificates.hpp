/// A fleet's own certificate authority, in a directory of the operator:
///
///     ca.pem ca.key                     the authority; the key never leaves this directory
///     coordinator.pem coordinator.key   who may command agents
///     hosts/NAME/host.pem host.key ca.pem   what goes to that host
///
/// Keys are Ed25519, in files of mode 0600 below directories of mode 0700. Blocks on the disk.
#pragma once

#include "actors/trust/fleet_tls_context.hpp"
#include "protocol/failure.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace fleetcast::actors::fleet {

struct certificate_facts {
  std::string name; ///< "ca", "coordinator" or a host's
  std::filesystem::path file;
  std::int64_t expires = 0; ///< Unix time
  bool expired = false;
  std::vector<std::string> names{}; ///< DNS names and addresses that it is for; a host's
};

class certificate_store {
public:
  explicit certificate_store(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Where it is when not told: $XDG_CONFIG_HOME/fleetcast/fleet or ~/.config/fleetcast/fleet.
  static std::filesystem::path default_directory();

  /// Makes authority and coordinator. Refuses to touch those that are there.
  [[nodiscard]] protocol::failure init(std::chrono::hours validity);

  /// Makes the coordinator's key and certificate anew.
  [[nodiscard]] protocol::failure renew_coordinator(std::chrono::hours validity);

  /// Makes key and certificate of a host, known by `names` (the first names its directory): DNS names or
  /// addresses. Refuses one that is there, unless it is to be made anew; then one name alone stands for all that
  /// the old certificate has.
  [[nodiscard]] protocol::failure add_host(const std::vector<std::string>& names,
                                           std::chrono::hours validity, bool renew);

  /// All certificates, the authority first, hosts by name.
  [[nodiscard]] tl::expected<std::vector<certificate_facts>, protocol::failure> list() const;

  const std::filesystem::path& directory() const noexcept { return directory_; }
  std::filesystem::path host_directory(const std::string& name) const;
  credential_files coordinator() const;

private:
  std::filesystem::path directory_;
};

} // namespace fleetcast::actors::fleet
