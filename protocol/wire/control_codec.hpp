/// Control messages to and from bytes.
///
/// On the connection each message is a 32-bit little-endian length and then that many bytes: the
/// *body*, one ClientMessage or ServerMessage in Cap'n Proto's standard stream framing. Encoding
/// gives both, ready to write; the frame_reader cuts what arrives into bodies, and decoding checks
/// a body against every limit of fleetcast.capnp.
///
/// Attack surface: a frame_reader and a decoder see whatever a stranger sends. Memory is bounded by
/// the message limit, and by what really arrived, never by what a length field claims.
#pragma once

#include "protocol/failure.hpp"
#include "protocol/wire/control_messages.hpp"
#include "protocol/wire/data_messages.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace fleetcast::protocol::wire {

/// Bytes of the length in front of each body.
constexpr std::size_t frame_prefix_size = 4;

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

/// Cuts a stream of bytes into bodies.
///
///     reader.append(received);
///     for (;;) { auto body = reader.next(); if (!body) end it; if (!*body) break; use **body; }
///
/// After a failure it stays failed: where the next message begins is unknown.
class frame_reader {
public:
  /// Most bytes held between calls of `next`, whatever is appended: the longest message twice.
  static constexpr std::size_t max_buffered = 2 * (frame_prefix_size + max_control_message);

  /// Takes the next bytes of the stream. Call `next` until it gives nothing before the next append.
  void append(std::span<const std::byte> bytes);

  /// The next body; nothing when it has not arrived in full; invalid_request when its length is 0
  /// or beyond max_control_message (noticed as soon as the length is there), or more was appended
  /// than max_buffered.
  [[nodiscard]] tl::expected<std::optional<message_bytes>, failure> next();

  /// Bytes that wait for the rest of their message. Not 0 at the end of the stream: it was cut
  /// short.
  std::size_t buffered() const noexcept { return buffer_.size() - consumed_; }

private:
  message_bytes buffer_;
  std::size_t consumed_ = 0;
  failure failure_;
};

} // namespace fleetcast::protocol::wire
