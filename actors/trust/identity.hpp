/// Who a server or a client is: an Ed25519 key, and the certificate that TLS wants around it.
///
/// No authority signs it. A client knows the server by the fingerprint of its public key, which it
/// pins on first use (known_servers.hpp) or is given by hand. The same key signs manifests. A server
/// knows the clients that authenticate themselves by theirs (authorized_clients.hpp).
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct x509_st;

namespace fleetcast::actors::io {

/// Immutable once made; may be used from several threads.
class identity {
public:
  /// Borrowed: valid as long as the identity.
  evp_pkey_st* key() const noexcept { return key_.get(); }
  x509_st* certificate() const noexcept { return certificate_.get(); }

  const protocol::wire::public_key& public_key() const noexcept { return public_key_; }

  /// "SHA256:" and the base64 (without padding) of SHA-256 over the DER SubjectPublicKeyInfo.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

private:
  friend class identity_maker;

  identity() = default;

  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  protocol::wire::public_key public_key_{};
  std::string fingerprint_;
};

/// Where a server keeps its identity when not told: /var/lib/fleetcast for root, else
/// $XDG_STATE_HOME/fleetcast or ~/.local/state/fleetcast.
std::filesystem::path default_state_dir();

/// Reads `identity.pem` in `state_dir`; makes directory (0700) and file (0600) when they are not
/// there. Of several processes that do so at once, all end with the same identity. Refuses a file
/// or a directory that others could read or replace. Blocks on the disk.
[[nodiscard]] tl::expected<identity, protocol::failure>
load_or_create_identity(const std::filesystem::path& state_dir);

/// Where a client keeps its identity when not told: $XDG_CONFIG_HOME/fleetcast/identity or
/// ~/.config/fleetcast/identity, beside known_servers.
std::filesystem::path default_client_identity();

/// The same for a client, whose identity is `file`. Fails with trust_store_fault.
[[nodiscard]] tl::expected<identity, protocol::failure>
load_or_create_client_identity(const std::filesystem::path& file);

/// Fingerprint of any public key; empty when it cannot be encoded.
std::string fingerprint_of(evp_pkey_st* key);

/// "SHA256:" and 43 characters of base64.
bool is_fingerprint(std::string_view text) noexcept;

} // namespace fleetcast::actors::io
