/// Actors and messages of what receives.
///
///     receive_session ── control_client, socket_reader, reassembly, writer
///
/// Reading order of a transfer: ~~network~~> control_client -> receive_session; ~~network~~> socket_reader -> reassembly ->
/// writer -> consumer.
#pragma once

#include "actors/messages/control.hpp"
#include "actors/messages/sockets.hpp"
#include "protocol/limiting_factor.hpp"
#include "protocol/receive/receiver.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors::io {

class udp_socket;

} // namespace fleetcast::actors::io

namespace fleetcast::actors {

/// Bytes of the object, from `first` on.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  bool touches(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return offset < first + size && first < offset + bytes && size != 0;
  }
};

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

  /// What the consumer holds of the object since an earlier session, not proven. In any order.
  std::vector<byte_range> held;

  /// How long a session that had started waits for its server to come back, since the object stopped coming; each block
  /// that is verified begins it anew. 0: it fails at once.
  protocol::duration patience{0};

  /// This session lost its server, or holds some of the object: only what it asks for is to be sent.
  bool resumes = false;
};

/// Figures of a receive session, final with session_finished.
struct receive_summary {
  protocol::receiver_statistics statistics;
  std::uint64_t object_size = 0;
  std::uint32_t total_blocks = 0;
  std::uint32_t completed_blocks = 0;
  protocol::limiting_factor limited_by = protocol::limiting_factor::unknown;
  std::uint32_t reconnections = 0; ///< the server went away, and came back
  bool waits_for_server = false;
};

struct session_finished {
  failure reason; ///< none: success
  receive_summary summary;
};

/// A block the consumer owes a release for.
struct block_delivery {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  protocol::const_block_buffer bytes; ///< null: those that the consumer holds are proven
};

/// "Done with that block": gives credit back.
struct block_release {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

/// Those without bytes are proven: the consumer holds them.
using verified_blocks = std::vector<protocol::verified_block>;

/// What the consumer found where it holds a block; no digest: it is not there.
struct held_digest {
  protocol::block_number block = 0;
  std::optional<protocol::wire::digest> digest;
};

using held_digests = std::vector<held_digest>;

/// Hands blocks to the consumer within its credit. Overflow policy: none needed, the block pool bounds
/// what can wait here.
using writer_actor
  = caf::typed_actor<caf::reacts_to<verified_blocks>, caf::reacts_to<release_atom, block_release>,
                     caf::reacts_to<byte_range>, caf::reacts_to<finish_atom>,
                     caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

/// Takes the part of the object that the consumer wants; told nothing, it gets all of it.
using range_actor = caf::typed_actor<caf::reacts_to<byte_range>>;

/// Takes the digests of what the consumer holds, each block once.
using held_actor = caf::typed_actor<caf::reacts_to<held_digests>>;

/// The session is on: sizes in bytes. Releases go to `writer`, a wish for a part to `ranges`; what lies
/// outside of the part may still come for a while. The session waits for the digests of all of `held`, at `digests`.
struct session_started {
  std::uint64_t object_size = 0;
  std::uint32_t block_size = 0;
  writer_actor writer;
  range_actor ranges;
  held_actor digests;
  std::vector<protocol::wire::block_range> held; ///< whole blocks of what the request says is held
  protocol::const_block_buffer metadata;         ///< opaque; null: none
  std::uint32_t metadata_size = 0;
};

/// Progress between blocks, for people: at most a few a second, and the next one once this was handled.
struct session_progress {
  receive_summary summary;
};

/// Wants the object. It hears session_started, then deliveries and progress, and exactly once, last, session_finished; of a
/// session that never started, only that.
using consumer_actor
  = caf::typed_actor<caf::reacts_to<session_started>, caf::reacts_to<block_delivery>,
                     caf::reacts_to<session_progress>, caf::reacts_to<session_finished>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

/// A transmission, as who receives it sees it. A reassembly that is told of another one of the same object goes on with that.
struct incoming_transmission {
  protocol::receiver_config receiver;
  std::shared_ptr<const io::udp_socket> feedback; ///< connected to the sender
  std::vector<boost::asio::ip::address>
    sources; ///< of the group's datagrams, as the server says; empty: not told
};

/// Owns protocol::receiver.
using reassembly_actor = datagram_sink_actor::extend<
  caf::reacts_to<incoming_transmission>, caf::reacts_to<byte_range>, caf::reacts_to<held_digests>,
  caf::reacts_to<room_atom>, caf::reacts_to<protocol::wire::fetched>,
  caf::reacts_to<protocol::wire::feedback_state>, caf::reacts_to<tick_atom>,
  caf::replies_to<status_atom>::with<status_snapshot>>;

/// The server said yes. Addresses are those of the control connection.
struct server_accepted {
  protocol::wire::session_accept accept;
  boost::asio::ip::address local;
  boost::asio::ip::address peer;
};

/// The control connection ended, or was never made: refused, rejected, lost, ended by the server.
struct server_left {
  failure reason;
};

/// The server noted the receipt.
struct receipt_confirmed {};

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
  caf::reacts_to<cancel_atom, failure>, caf::reacts_to<server_accepted>,
  caf::reacts_to<server_left>, caf::reacts_to<receipt_confirmed>, caf::reacts_to<session_progress>,
  caf::reacts_to<reassembly_finished>, caf::reacts_to<reassembly_failed>,
  caf::reacts_to<reception_changed>, caf::reacts_to<protocol::wire::feedback_state>,
  caf::reacts_to<protocol::wire::fetch>, caf::reacts_to<protocol::wire::fetched>,
  caf::reacts_to<delivery_finished>, caf::reacts_to<consumption_finished>,
  caf::reacts_to<tick_atom>, caf::replies_to<status_atom>::with<status_snapshot>>;

/// Client end of a control connection: connects at once when spawned and reports to its
/// receive_session with server_accepted, feedback_state, fetched, receipt_confirmed and, last, server_left.
using control_client_actor
  = caf::typed_actor<caf::reacts_to<protocol::wire::client_message>, caf::reacts_to<stop_atom>,
                     caf::replies_to<status_atom>::with<status_snapshot>>;

} // namespace fleetcast::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_delivery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::block_release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::byte_range)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::consumption_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::delivery_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::held_digests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::server_accepted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::server_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::receipt_confirmed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::incoming_transmission)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reassembly_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reassembly_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::receive_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::reception_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::session_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::actors::verified_blocks)
