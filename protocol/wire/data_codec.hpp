/// Bodies of the data plane's control datagrams to and from bytes: one message in Cap'n Proto's standard stream
/// framing.
///
/// Attack surface: decoding sees whatever a stranger sends, or the holder of the group key forges.
#pragma once

#include "protocol/wire/data_messages.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace fleetcast::protocol::wire {

message_bytes encode(const heartbeat& message);
message_bytes encode(const manifest& message);
message_bytes encode(const anchor& message);
message_bytes encode(const feedback& message);

/// Nothing when the bytes are no such message, or a list is longer, a number larger than the
/// schema's comments allow. Never throws; memory is bounded by the size of a datagram.
[[nodiscard]] std::optional<group_message> decode_group_message(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<feedback> decode_feedback(std::span<const std::byte> bytes);

/// The heartbeat alone, as an anchor carries it.
message_bytes encode_alone(const heartbeat& message);
[[nodiscard]] std::optional<heartbeat> decode_heartbeat(std::span<const std::byte> bytes);

} // namespace fleetcast::protocol::wire
