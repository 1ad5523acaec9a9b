/// Which blocks a program holds that holds these bytes.
#pragma once

#include "actors/messages/receiving.hpp"
#include "protocol/geometry.hpp"
#include "protocol/wire/data_messages.hpp"

#include <vector>

namespace fleetcast::actors {

/// The blocks that lie in `held` as a whole, in ascending order, none twice. The last one is as long as the object reaches.
/// What `held` says of bytes beyond the object's end is ignored: it may be of an older, longer one.
[[nodiscard]] std::vector<protocol::wire::block_range>
blocks_within(std::vector<byte_range> held, const protocol::geometry& layout);

} // namespace fleetcast::actors
