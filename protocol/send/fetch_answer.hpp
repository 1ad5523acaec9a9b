/// What a sender answers a receiver that fetches parts of a block over its own connection.
#pragma once

#include "protocol/wire/control_messages.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace fleetcast::protocol {

/// In the order in which the parts are to be sent. `known`: the manifest that holds the block's digest, if it is known.
/// `block`: its bytes, of which leaves and their digests are made; empty: there are none at hand.
[[nodiscard]] std::vector<wire::fetched> answer_to(const wire::fetch& asked,
                                                   std::optional<wire::manifest> known,
                                                   std::span<const std::byte> block);

} // namespace fleetcast::protocol
