/// Control messages to and from bytes.
///
/// A message is one ClientMessage or ServerMessage in Cap'n Proto's standard stream framing: the *body*, which
/// travels behind its length (frame_reader.hpp). Encoding gives both, ready to write; decoding checks a body against
/// every limit of fleetcast.capnp.
///
/// Attack surface: decoding sees whatever a stranger sends. Memory is bounded by the message limit.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"
#include "protocol/wire/data_messages.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <span>

namespace fleetcast::protocol::wire {

/// Length and body. Texts for people (host name, reasons) are cut to what the schema allows; names
/// of namespace and object are the caller's to check: cutting would ask for another object.
message_bytes encode(const client_message& message);
message_bytes encode(const server_message& message);

/// `body` is what a frame_reader gave. Fails with invalid_request and a sentence that names the
/// field.
///
/// Suites that this version does not know are skipped. Of a reason (leave, reject, ended) a code
/// that this version does not know, and the code `none`, become `internal`, because an empty
/// failure would read as success; `failure::detail` does not travel. Control characters in texts
/// for people become spaces, since they end up on terminals.
///
/// An accept that wants sealed datagrams unverified is refused: only with seal_suite::none nobody
/// expects more.
///
/// Left to the caller: whether `session_request::version` is one it speaks, and that
/// seal_suite::none is refused on a network unless it was asked for.
[[nodiscard]] tl::expected<client_message, failure>
decode_client_message(std::span<const std::byte> body);
[[nodiscard]] tl::expected<server_message, failure>
decode_server_message(std::span<const std::byte> body);

} // namespace fleetcast::protocol::wire
