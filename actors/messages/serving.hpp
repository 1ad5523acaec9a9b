/// Actors and messages of what serves.
///
///     control_listener ───── content_opener; content_lister; control_server, one per client
///     send_session ───────── content_reader, socket_writer, socket_reader
///
/// Reading order of a transfer: ~~network~~> control_server -> transmissions (join) -> send_session -> content_reader ->
/// send_session -> socket_writer ~~network~~>
#pragma once

#include "actors/messages/control.hpp"
#include "actors/messages/sockets.hpp"
#include "actors/messages/steering.hpp"
#include "protocol/send/outgoing.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::actors {

class content;

using protocol::receiver_id;

/// Server end of a control connection. `session_ended` is sent to the client, then the link closes; `feedback_state` to
/// clients that know it.
using control_server_actor = caf::typed_actor<
  caf::reacts_to<protocol::wire::session_ended>, caf::reacts_to<protocol::wire::receipt_noted>,
  caf::reacts_to<protocol::wire::fetched>, caf::reacts_to<protocol::wire::feedback_state>,
  caf::reacts_to<stop_atom>, caf::replies_to<status_atom>::with<status_snapshot>>;

/// A client that wants `object`, which was found and opened.
struct join_request {
  protocol::wire::session_request request;
  std::shared_ptr<content> object;
  boost::asio::ip::address local; ///< where the client reached us
  boost::asio::ip::address peer;
  std::string client; ///< fingerprint of its key; empty: it showed none

  /// This host's address on the interface that leads to the client: the client sends feedback there. Unspecified: the
  /// address at which the transmission hears its first client.
  boost::asio::ip::address feedback;
  control_server_actor link;
};

/// Accepted, with all parameters, or refused. `session` takes the client's further messages.
struct join_reply;

/// One block, read and, in a transmission that is verified, hashed; padded with zeros to whole symbols.
struct block_read {
  protocol::block_number number = 0;
  protocol::const_block_buffer bytes;
  protocol::wire::digest digest{};
  bool is_settled = false; ///< its digest may be kept for the object's version
};

struct read_failed {
  failure reason;
};

/// Reads blocks in the order asked, each answered by one block_read or read_failed to the session.
using content_reader_actor = caf::typed_actor<caf::reacts_to<std::vector<protocol::block_number>>,
                                              caf::replies_to<status_atom>::with<status_snapshot>>;

/// Datagrams to seal and send, in order.
using send_batch = std::vector<protocol::outgoing_datagram>;

/// What went into the kernel since the last one of these; what it refused is lost like any datagram.
struct batch_sent {
  std::uint32_t datagrams = 0;
  std::uint32_t refused = 0;
  int error = 0; ///< errno of the last refusal
};

using socket_writer_actor = caf::typed_actor<caf::reacts_to<send_batch>,
                                             caf::replies_to<status_atom>::with<status_snapshot>>;

using send_session_actor = datagram_sink_actor::extend<
  caf::replies_to<join_atom, join_request>::with<join_reply>,
  caf::reacts_to<leave_atom, receiver_id, failure>,
  caf::reacts_to<receiver_id, protocol::wire::receipt>,
  caf::reacts_to<receiver_id, protocol::wire::fetch>, caf::reacts_to<block_read>,
  caf::reacts_to<read_failed>, caf::reacts_to<batch_sent>, caf::reacts_to<tick_atom>,
  caf::reacts_to<cancel_atom, failure>, caf::replies_to<status_atom>::with<status_snapshot>>;

struct join_reply {
  failure reason; ///< none: accepted
  protocol::wire::session_accept accept;
  send_session_actor session;
};

/// Finds or starts the transmission of an object that a client wants.
using transmissions_actor
  = caf::typed_actor<caf::replies_to<join_atom, join_request>::with<join_reply>>;

/// A transmission that can be steered.
using steered_send_session_actor
  = send_session_actor::extend<caf::replies_to<session_order>::with<order_outcome>,
                               caf::replies_to<list_atom>::with<receiver_list>>;

/// Accepts control connections until stopped.
using control_listener_actor
  = caf::typed_actor<caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::batch_sent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::join_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::join_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::read_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::send_batch)
