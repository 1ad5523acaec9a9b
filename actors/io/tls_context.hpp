/// TLS as Fleetcast uses it: version 1.3 only, no authority, no tickets, no early data.
#pragma once

#include "actors/io/identity.hpp"
#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"

#include <boost/asio/ssl/context.hpp>
#include <tl/expected.hpp>

#include <memory>
#include <string>

namespace fleetcast::actors::io {

using tls_context = std::shared_ptr<boost::asio::ssl::context>;

/// Proves `who` to clients. Takes references of its own.
[[nodiscard]] tl::expected<tls_context, protocol::failure> make_server_context(const identity& who);

/// Accepts any certificate: whoever uses it must compare peer_identity with what was pinned before
/// the first byte is sent. The handshake has then proven that the peer holds the key.
[[nodiscard]] tl::expected<tls_context, protocol::failure> make_client_context();

struct peer_identity {
  protocol::wire::public_key key{};
  std::string fingerprint;
};

/// Whom the handshake of `connection` met. Fails with handshake_failed when that is not an Ed25519
/// key.
[[nodiscard]] tl::expected<peer_identity, protocol::failure> identify_peer(SSL* connection);

} // namespace fleetcast::actors::io
