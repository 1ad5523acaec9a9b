/// TLS as Fleetcast uses it: version 1.3 only, no authority, no tickets, no early data.
#pragma once

#include "actors/trust/identity.hpp"
#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <boost/asio/ssl/context.hpp>
#include <tl/expected.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors::io {

using tls_context = std::shared_ptr<boost::asio::ssl::context>;

/// Proves `who` to clients, and asks each to say who it is; any answer will do, none as well. Takes
/// references of its own.
[[nodiscard]] tl::expected<tls_context, protocol::failure> make_server_context(const identity& who);

/// Who a client says it is, and to whom.
struct client_credentials {
  std::shared_ptr<const identity> who; ///< null: it does not say

  /// Fingerprints of the servers it says so to; empty: to any. Another one meets a client that keeps
  /// its identity to itself.
  std::vector<std::string> servers;
};

/// Accepts any certificate: whoever uses it must compare peer_identity with what was pinned before
/// the first byte is sent. The handshake has then proven that the peer holds the key.
[[nodiscard]] tl::expected<tls_context, protocol::failure>
make_client_context(client_credentials credentials);

struct peer_identity {
  protocol::wire::public_key key{};
  std::string fingerprint;
};

/// Whom the handshake of `connection` met. Fails with handshake_failed when that is not an Ed25519
/// key.
[[nodiscard]] tl::expected<peer_identity, protocol::failure> identify_peer(SSL* connection);

/// The same at the server; empty when the client did not say. Fails with handshake_failed when what
/// it showed is not an Ed25519 key.
[[nodiscard]] tl::expected<peer_identity, protocol::failure> identify_client(SSL* connection);

} // namespace fleetcast::actors::io
