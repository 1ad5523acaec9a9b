/// What socket readers are, and whom they feed.
#pragma once

#include "actors/io/datagram_batch.hpp"
#include "actors/messages/vocabulary.hpp"

namespace fleetcast::actors {

/// Anything that takes datagrams from a socket_reader.
using datagram_sink_actor = caf::typed_actor<caf::reacts_to<io::datagram_batch>>;

using socket_reader_actor = caf::typed_actor<caf::reacts_to<stop_atom>,
                                             caf::replies_to<status_atom>::with<status_snapshot>>;

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::io::datagram_batch)
