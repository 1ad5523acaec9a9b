/// What a connection tells the actor that owns it.
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "actors/tls/tls_connection.hpp"
#include "protocol/wire/data_messages.hpp"

#include <caf/all.hpp>

#include <memory>

namespace fleetcast::actors {

/// The handshake is done.
struct link_ready {
  std::shared_ptr<io::tls_connection> connection; ///< null on the server side
  io::peer_identity peer; ///< empty on the server side if the client did not say who it is
};

/// Who this client says it is; or why it cannot say.
struct link_credentials {
  failure reason;
  io::client_credentials credentials;
};

/// The body of one message.
struct link_message {
  protocol::wire::message_bytes body;
};

/// The connection is closed, by us (code none) or for the reason given.
struct link_broken {
  failure reason;
};

/// What known_servers says of the identity that the server has shown; none: it fits.
struct link_verdict {
  failure reason;
};

/// Sends `message` to an actor if it still lives. The I/O side holds its actor weakly: the
/// connection must not keep alive whoever owns it.
template <class Message>
void notify(const caf::actor_addr& to, Message message) {
  if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(to))
    caf::anon_send(caf::actor_cast<caf::actor>(alive), std::move(message));
}

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_broken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_credentials)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_verdict)
