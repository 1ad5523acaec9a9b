/// Every actor interface and every message of Fleetcast, in one place.
///
/// Messages are immutable once sent; block and datagram memory is reference counted and not written
/// after it was handed on. Messages that stay in this process may carry such references and are
/// marked unsafe for serialization below.
///
///     session_manager
///      ├─ receive_session ── control_client, socket_reader, reassembly, writer
///      └─ send_session ───── content_reader, socket_writer, socket_reader
///     control_listener ───── content_opener; control_server, one per client
///     console
///
/// Reading order of a transfer: control_client ~~network~~> control_server -> session_manager (join) ->
/// send_session -> content_reader -> send_session -> socket_writer ~~network~~> socket_reader -> reassembly ->
/// writer -> consumer.
#pragma once

#include "actors/io/datagram_batch.hpp"
#include "actors/metrics.hpp"
#include "protocol/failure.hpp"
#include "protocol/receive/receiver.hpp"
#include "protocol/send/outgoing.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/wire/control_messages.hpp"

#include <boost/asio/ip/address.hpp>
#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fleetcast::actors {

class content;

// -- vocabulary ----------------------------------------------------------------------------------

using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using finish_atom = caf::atom_constant<caf::atom("finish")>;
using join_atom = caf::atom_constant<caf::atom("join")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using open_atom = caf::atom_constant<caf::atom("open")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using room_atom = caf::atom_constant<caf::atom("room")>;
using status_atom = caf::atom_constant<caf::atom("status")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;

/// Names a session within one process; never reused.
using session_id = std::uint64_t;

using protocol::failure;
using protocol::failure_code;

/// What an actor says of itself: for the console, the logs and tests. No key is ever in it.
struct status_snapshot {
  std::string actor; ///< its kind: "reassembly"
  std::string
    state; ///< "connecting", "receiving", …; "no answer in 250 ms" of one that does not say
  std::vector<fact> facts;
  std::vector<status_snapshot> children;

  caf::actor_id id = 0;
  std::uint64_t mailbox = 0;      ///< messages that wait for it
  std::chrono::nanoseconds age{}; ///< since it was spawned
  bool answered = true;           ///< false: dead or late, and nothing else here was said by itself
};

// -- receive direction ---------------------------------------------------------------------------

/// A session a consumer wants.
struct receive_request {
  std::string server;     ///< host name or address
  std::uint16_t port = 0; ///< of the control plane
  std::string name_space;
  std::string object;

  /// Bytes a consumer may hold uncompleted; 0: one block at a time.
  std::uint64_t cache_bytes = 0;

  /// Name or address of the interface to receive on; empty: the one that leads to the server.
  std::string interface;

  /// "SHA256:…" that the server must have; empty: pinned on first use.
  std::string fingerprint;

  /// File of pinned identities; empty: the user's default.
  std::string known_servers;

  /// Says who we are, if the server asks.
  bool authenticate = false;

  /// File of our own identity; empty: the user's default.
  std::string identity;

  /// Takes datagrams that nobody sealed and blocks that nobody verifies, and nothing else: for
  /// measurements, from a server that was told the same.
  bool unsealed = false;
};

/// Figures of a receive session, final with session_finished.
struct receive_summary {
  protocol::receiver_statistics statistics;
  std::uint64_t object_size = 0;
  std::uint32_t total_blocks = 0;
  std::uint32_t completed_blocks = 0;
  protocol::limiting_factor limited_by = protocol::limiting_factor::unknown;
};

struct session_finished {
  failure reason; ///< none: success
  receive_summary summary;
};

/// A block the consumer owes a release for.
struct block_delivery {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  protocol::const_block_buffer bytes;
};

/// "Done with that block": gives credit back.
struct block_release {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

/// Bytes of the object, from `first` on.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  bool touches(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return offset < first + size && first < offset + bytes && size != 0;
  }
};

using verified_blocks = std::vector<protocol::verified_block>;

/// Hands blocks to the consumer within its credit. Overflow policy: none needed, the block pool bounds
/// what can wait here.
using writer_actor
  = caf::typed_actor<caf::reacts_to<verified_blocks>, caf::reacts_to<release_atom, block_release>,
                     caf::reacts_to<byte_range>, caf::reacts_to<finish_atom>,
                     caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

/// Takes the part of the object that the consumer wants; told nothing, it gets all of it.
using range_actor = caf::typed_actor<caf::reacts_to<byte_range>>;

/// The session is on: sizes in bytes. Releases go to `writer`, a wish for a part to `ranges`; what lies
/// outside of the part may still come for a while.
struct session_started {
  std::uint64_t object_size = 0;
  std::uint32_t block_size = 0;
  writer_actor writer;
  range_actor ranges;
  protocol::const_block_buffer metadata; ///< opaque; null: none
  std::uint32_t metadata_size = 0;
};

/// Progress between blocks, for people: at most a few a second, and the next one once this was handled.
struct session_progress {
  receive_summary summary;
};

/// Whoever wants the object. Receives started, deliveries, finished in this order, finished exactly
/// once and last; finished alone when the session never started.
using consumer_actor
  = caf::typed_actor<caf::reacts_to<session_started>, caf::reacts_to<block_delivery>,
                     caf::reacts_to<session_progress>, caf::reacts_to<session_finished>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

/// Anything that takes datagrams from a socket_reader.
using datagram_sink_actor = caf::typed_actor<caf::reacts_to<io::datagram_batch>>;

/// Owns protocol::receiver.
using reassembly_actor = datagram_sink_actor::extend<
  caf::reacts_to<byte_range>, caf::reacts_to<room_atom>, caf::reacts_to<protocol::wire::fetched>,
  caf::reacts_to<protocol::wire::feedback_state>, caf::reacts_to<tick_atom>,
  caf::replies_to<status_atom>::with<status_snapshot>>;

using socket_reader_actor = caf::typed_actor<caf::reacts_to<stop_atom>,
                                             caf::replies_to<status_atom>::with<status_snapshot>>;

/// The server said yes. Addresses are those of the control connection.
struct link_accepted {
  protocol::wire::session_accept accept;
  boost::asio::ip::address local;
  boost::asio::ip::address peer;
};

/// The control connection is no more, or never was: refused, rejected, lost, ended by the server.
struct link_closed {
  failure reason;
};

/// The server noted the receipt.
struct link_receipted {};

/// Every block was verified and given to the writer.
struct reassembly_finished {
  receive_summary summary;
};

struct reassembly_failed {
  failure reason;
};

/// Something is wrong with the reception, or no longer, or the group is to be joined again.
struct reception_changed {
  protocol::reception_health health;
};

/// Every block was delivered.
struct delivery_finished {};

/// After delivery_finished: nothing more is heard of the consumer. `complete`: it released every block,
/// so it has done with the object what it wanted to do.
struct consumption_finished {
  bool complete = false;
};

using receive_session_actor = caf::typed_actor<
  caf::reacts_to<cancel_atom, failure>, caf::reacts_to<link_accepted>, caf::reacts_to<link_closed>,
  caf::reacts_to<link_receipted>, caf::reacts_to<session_progress>,
  caf::reacts_to<reassembly_finished>, caf::reacts_to<reassembly_failed>,
  caf::reacts_to<reception_changed>, caf::reacts_to<protocol::wire::feedback_state>,
  caf::reacts_to<protocol::wire::fetch>, caf::reacts_to<protocol::wire::fetched>,
  caf::reacts_to<delivery_finished>, caf::reacts_to<consumption_finished>,
  caf::reacts_to<tick_atom>, caf::replies_to<status_atom>::with<status_snapshot>>;

/// Client end of a control connection: connects at once when spawned and reports to its
/// receive_session with link_accepted, feedback_state, fetched, link_receipted and, last, link_closed.
using control_client_actor
  = caf::typed_actor<caf::reacts_to<protocol::wire::client_message>, caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

// -- send direction ------------------------------------------------------------------------------

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

  /// Of ours, on the interface that leads to the client: where it shall send feedback. Unspecified: where the
  /// transmission hears the feedback of its first client.
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

// -- steering ------------------------------------------------------------------------------------

/// What somebody at a console may do to a session.
struct cancel_order {
  failure reason;
};

/// Sends one receiver of a transmission away.
struct kick_order {
  receiver_id receiver = 0;
  failure reason; ///< kicked_fallback or kicked_abort
};

/// A paused transmission sends heartbeats only: nobody leaves it, nothing moves.
struct pause_order {
  bool paused = false;
};

/// From now on at `fixed` bits per second; 0: as fast as the slowest receiver takes it.
struct rate_order {
  protocol::bit_rate fixed = 0;
};

using session_order = std::variant<cancel_order, kick_order, pause_order, rate_order>;

struct order_outcome {
  failure reason;   ///< none: done
  std::string done; ///< what was done
};

/// One receiver, as its sender sees it.
struct receiver_report {
  receiver_id id = 0;
  std::string host;
  std::string address;
  std::uint32_t completed_blocks = 0;
  std::uint32_t blocks = 0; ///< of the object
  std::uint64_t received_packets = 0;
  std::uint64_t lost_packets = 0;
  std::uint64_t kernel_drops = 0;
  std::uint64_t no_room_drops = 0;
  std::uint32_t free_blocks = 0;
  std::string window_limit;
  protocol::bit_rate rate = 0;       ///< that it takes in
  std::chrono::nanoseconds joined{}; ///< ago
  std::chrono::nanoseconds heard{};  ///< ago
  std::chrono::nanoseconds rtt{};    ///< 0: not measured yet
  std::string limited_by;            ///< as it said last, or "silent"
  std::string feedback;              ///< ADDRESS:PORT that it was told to send feedback to
};

struct receiver_list {
  failure reason; ///< none: here they are
  std::vector<receiver_report> receivers;
};

/// A transmission that can be steered.
using steered_send_session_actor
  = send_session_actor::extend<caf::replies_to<session_order>::with<order_outcome>,
                               caf::replies_to<list_atom>::with<receiver_list>>;

/// Accepts control connections until stopped.
using control_listener_actor
  = caf::typed_actor<caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

// -- manager -------------------------------------------------------------------------------------

/// Supervises every session of a process. `open` starts a receive session under an id that the caller
/// took from next_session_id(); `cancel` of an unknown id does nothing; `join` answers for the
/// server; `stop` cancels all sessions and ends the manager once they ended.
using session_manager_actor
  = caf::typed_actor<caf::reacts_to<open_atom, session_id, receive_request, consumer_actor>,
                     caf::reacts_to<cancel_atom, session_id, failure>,
                     caf::replies_to<join_atom, join_request>::with<join_reply>,
                     caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

/// The manager as the console needs it: both kinds of session have an id.
using steered_session_manager_actor
  = session_manager_actor::extend<caf::replies_to<session_id, session_order>::with<order_outcome>,
                                  caf::replies_to<list_atom, session_id>::with<receiver_list>>;

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::batch_sent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_delivery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::byte_range)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::consumption_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::delivery_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::io::datagram_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::join_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::join_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_accepted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::link_receipted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::read_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reassembly_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reassembly_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::receive_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reception_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::send_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::status_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::verified_blocks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::client_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::feedback_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::fetch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::fetched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::receipt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::receipt_noted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::session_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::order_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::receiver_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_order)
