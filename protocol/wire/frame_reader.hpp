/// What arrives on a control connection, cut into messages.
///
/// Each message is a *frame*: a 32-bit little-endian length, and then that many bytes, the *body*
/// (control_codec.hpp).
///
/// Attack surface: it sees whatever a stranger sends. Memory is bounded by the message limit, and by what really
/// arrived, never by what a length field claims.
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
