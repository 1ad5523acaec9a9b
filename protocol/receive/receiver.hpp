/// The receiving side of one transmission: datagrams in, verified blocks and feedback out.
///
/// Pure: time is a parameter, memory comes from a block_allocator, sockets and timers are the
/// caller's. Drive it like this:
///
///     on_datagram(now, bytes) for each datagram, then
///     take_blocks(), take_feedback(now, …) until it gives nothing, failed(), complete();
///     call on_time(now) at next_event() if nothing came before, and then take again; look at health().
///
/// A datagram is parsed, checked against session, lane and geometry, and opened straight into the
/// slot of the block it belongs to: no copy but the decryption. A block is handed out once it has k
/// symbols, is decoded, and its digest matches that of a manifest whose signature fits the
/// pinned identity. A block whose manifest is missing waits; one whose digest does not match is
/// emptied and requested again. block_ledger.hpp keeps where every block stands.
///
/// Blocks held. Its caller may hold blocks since an earlier session, of which nothing is proven (held_blocks.hpp). Nobody
/// wants these, and no room is counted for them: they become complete by a manifest alone, or else untouched. What a
/// receiver has handed out may be carried over to the next one, of another transmission of the same object: held as well,
/// but final. Where it turns out to be different the object is another one, and this receiver fails.
///
/// Losses. A block lacks symbols once the sender has moved past it (seen from data or a heartbeat) and
/// the reordering allowance is over (shortfall.hpp). Requests follow RFC 5740: a random back-off scaled by group
/// size and GRTT, dropped when a heartbeat shows that the sender already repairs as much (feedback_schedule.hpp).
///
/// Alive means getting on. Hearing the sender is not progress: liveness.hpp tells deafness, datagrams too large for
/// the way, and requests that nobody answers from one another, and leaves out what this host slept.
///
/// Limits: block memory is the allocator's; beside it two bits a block, digests of at most
/// 2 x cache + 2 manifests and of the blocks held, of all blocks if it keeps them for the next receiver, and bounded
/// interval sets. A peer cannot make it grow.
///
/// Attack surface: everything in `on_datagram` before the seal is checked is header arithmetic. Past the seal
/// its author may be any member of the group: none gets a byte past the digest check, and where the sender signs
/// anchors none moves what is known of it for longer than to the next one (receiver_trust.cpp).
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/failure.hpp"
#include "protocol/fec.hpp"
#include "protocol/geometry.hpp"
#include "protocol/position.hpp"
#include "protocol/receive/assembly.hpp"
#include "protocol/receive/block_ledger.hpp"
#include "protocol/receive/feedback_schedule.hpp"
#include "protocol/receive/heard_heartbeat.hpp"
#include "protocol/receive/held_blocks.hpp"
#include "protocol/receive/liveness.hpp"
#include "protocol/receive/manifest_pool.hpp"
#include "protocol/receive/receive_limit_meter.hpp"
#include "protocol/receive/replay_guard.hpp"
#include "protocol/receive/shortfall.hpp"
#include "protocol/receive/signature_budget.hpp"
#include "protocol/receive/suspicion.hpp"
#include "protocol/self_check.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/wire/data_messages.hpp"
#include "protocol/wire/manifest.hpp"
#include "protocol/wire/seal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace fleetcast::protocol {

struct receiver_config {
  geometry layout;
  std::uint32_t session_tag = 0;
  std::uint16_t lane = 0;
  std::uint32_t receiver_id = 0;
  wire::transmission_id transmission{};
  wire::public_key signing_key{};
  wire::seal_suite suite = wire::seal_suite::none;
  wire::direction_key group_key{};
  wire::direction_key receiver_key{};

  /// Blocks wait for their digest and must match it. False: they are handed out as they came, since
  /// both ends were told to do without.
  bool verified = true;

  /// The server signs anchors, and answers fetches.
  bool anchored = false;
  bool fetches = false;

  /// Digests of what is complete are kept, so that it can be carried over.
  bool keeps_digests = false;

  /// Feedback goes to the address that the control connection goes to; else only a little does before the server says
  /// that it arrives (address_proof).
  bool knows_feedback_address = true;

  /// Number of the first feedback message. At random where the address is not known.
  std::uint64_t first_feedback_packet = 1;

  /// Bytes of the UDP and IP headers before a datagram: 28, or 48 in IPv6. For people.
  std::size_t lower_headers = 28;

  /// Seed of the back-off's randomness.
  std::uint64_t seed = 0;
};

/// A block that was verified, if the session verifies: ready for the consumer, immutable.
struct verified_block {
  block_number number = 0;
  std::uint64_t offset = 0; ///< in the object
  std::uint32_t size = 0;   ///< bytes of the object in it
  const_block_buffer bytes;
};

/// Where a datagram came from, as far as its source address tells. Addresses can be forged: hygiene, not proof.
enum class datagram_origin : std::uint8_t {
  unknown,
  server,    ///< an address that the server named as its own
  elsewhere, ///< another one
};

/// All counted since the receiver began.
struct receiver_statistics {
  std::uint64_t datagrams = 0; ///< accepted ones
  std::uint64_t control = 0;   ///< of these, the ones that are no symbols, each packet number once
  std::uint64_t bytes = 0;     ///< of verified blocks that came
  std::uint64_t bytes_proven
    = 0; ///< held since an earlier session: the digests of their blocks fit
  std::uint64_t blocks_proven = 0;
  std::uint64_t blocks_refuted = 0; ///< held, but their digests do not fit, or they are not there
  std::uint64_t source_symbols = 0;
  std::uint64_t repair_symbols = 0;
  std::uint64_t repaired_symbols = 0; ///< source symbols rebuilt by the erasure code
  std::uint64_t lost_packets = 0;
  std::uint64_t kernel_drops = 0;
  std::uint64_t requests_sent = 0;       ///< feedback messages that asked for repair
  std::uint64_t requests_suppressed = 0; ///< dropped because a repair was already on its way
  std::uint64_t statuses_sent = 0;       ///< feedback messages, all
  std::uint64_t digest_failures = 0;
  std::uint64_t signature_failures = 0;
  std::uint64_t contradictions = 0; ///< of what the server signed: a member forges
  std::uint64_t leaves_fetched = 0; ///< over the receiver's own connection
  std::array<std::uint64_t, wire::drop_reason_count> drops{};

  receiver_statistics& operator+=(const receiver_statistics& other) noexcept;
};

class receiver {
public:
  /// `memory` must outlive the receiver and hand out buffers of `layout.block_size()` bytes.
  receiver(const receiver_config& config, block_allocator& memory, timestamp now);

  // -- input ------------------------------------------------------------------------------------

  void on_datagram(timestamp now, std::span<const std::byte> datagram,
                   datagram_origin origin = datagram_origin::unknown);

  /// What a fetch was answered with.
  void on_fetched(timestamp now, const wire::fetched& answer);

  /// The server says that this feedback message arrived.
  void on_feedback_heard(std::uint64_t packet) noexcept {
    feedback_.on_heard(packet, next_packet_);
  }

  /// The kernel has dropped `total` datagrams on this session's socket so far.
  void on_kernel_drops(std::uint64_t total) noexcept;

  /// Blocks went back to the allocator: there may be room to announce.
  void on_room(timestamp now);

  /// It reports at once, whatever others do: its receipt is about to go.
  void report(timestamp now) noexcept { feedback_.report(now); }

  void on_time(timestamp now);

  /// Only these blocks are wanted from now on. The others count as completed: what is held of them is
  /// given up, nothing more is asked for, and what comes of them is dropped as a duplicate.
  void require(timestamp now, wire::block_range blocks);

  /// The caller holds these blocks since an earlier session, and reads them again to say by on_held what is there. Nobody
  /// asks for them meanwhile. What was begun or completed before stays so. Requires a session that verifies.
  void hold(wire::block_range blocks);

  /// The digest that the caller found of a block that it holds; nothing: the block is not there. Ignored if it is not held
  /// any more.
  void on_held(timestamp now, block_number block, const std::optional<wire::digest>& found);

  /// Goes on where `earlier` is: what that completed is not asked for again, but has to be proven again; what it held is
  /// held. Requires that nothing was received or held yet, that both verify, that `earlier` keeps digests and has nothing
  /// left to take, and layouts that differ in the size of symbols at most.
  void carry_over(timestamp now, const receiver& earlier);

  // -- output -----------------------------------------------------------------------------------

  /// Blocks verified since the last call.
  [[nodiscard]] std::vector<verified_block> take_blocks();

  /// Blocks of those held that were proven since the last call: there is nothing to write.
  [[nodiscard]] std::vector<block_number> take_proven() { return std::exchange(proven_, {}); }

  /// Seals the next feedback datagram into `out` (resized). False when none is due.
  [[nodiscard]] bool take_feedback(timestamp now, std::vector<std::byte>& out);

  /// What to ask the server for over the control connection.
  [[nodiscard]] std::vector<wire::fetch> take_fetches(timestamp now);

  [[nodiscard]] timestamp next_event() const noexcept;

  /// Every block that is wanted was verified (and handed out by take_blocks, or take_proven).
  bool complete() const noexcept { return blocks_.all_completed(); }

  /// Why the session cannot succeed any more, if so.
  const failure& failed() const noexcept { return failure_; }

  /// What is wrong with the reception, and how often the group should have been joined again so far.
  reception_health health() const { return complete() ? reception_health{} : liveness_.health(); }

  // -- inspection -------------------------------------------------------------------------------

  const receiver_statistics& statistics() const noexcept { return statistics_; }
  block_number completed_blocks() const noexcept { return blocks_.completed_count(); }

  /// Carried over, and not proven again yet.
  block_number unproven_blocks() const noexcept { return blocks_.unproven_count(); }
  timestamp last_heard() const noexcept { return last_heard_; }

  /// The first blocks that are neither verified nor held, as `max_ranges` ranges at most.
  [[nodiscard]] std::vector<wire::block_range> missing(std::size_t max_ranges) const;

  /// When the request under way will be made; `never`: none is.
  timestamp request_due() const noexcept { return feedback_.request_due(); }
  /// What kept this receiver from going faster lately.
  limiting_factor limited_by() const noexcept { return limit_meter_.factor(); }

  /// How far this receiver has room.
  [[nodiscard]] position limit() const;

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const { return blocks_.validate(); }

private:
  using drop = wire::drop_reason;

  // Datagrams.
  std::optional<drop> check(const wire::header& h, datagram_origin origin) const;
  void on_symbol(timestamp now, const wire::header& h, std::span<const std::byte> datagram);
  void on_control(timestamp now, const wire::header& h, std::span<const std::byte> datagram,
                  datagram_origin origin);
  void on_message(timestamp now, const wire::heartbeat& message);
  void on_message(timestamp now, const wire::manifest& message);
  void take_heartbeat(timestamp now, const wire::heartbeat& message);
  void take_manifest(timestamp now, const wire::manifest& message);
  bool open(timestamp now, const wire::header& h, std::span<const std::byte> datagram,
            std::span<std::byte> out);
  bool fits_geometry(const wire::header& h) const noexcept;
  void store(timestamp now, assemblies::iterator block, const wire::header& h,
             std::span<const std::byte> datagram);
  void open_and_forget(timestamp now, const wire::header& h, std::span<const std::byte> datagram,
                       drop reason);
  assemblies::iterator begin_assembly(block_number block);
  bool shows_position(const wire::header& h) const noexcept;
  void saw_source(timestamp now, block_number block);
  void advance_to(timestamp now, position at);

  // Blocks.
  void try_complete(timestamp now, assemblies::iterator block);
  void refuse(timestamp now, assemblies::iterator block);
  void on_completed(timestamp now);
  void on_verdict(timestamp now, block_number block, held_blocks::verdict verdict);
  void on_proven(timestamp now, block_number block);
  void on_refuted(block_number block);

  // Trust.
  void on_message(timestamp now, std::uint64_t packet, const wire::anchor& message,
                  datagram_origin origin);
  bool is_worth_checking(timestamp now, const wire::anchor& message, std::uint64_t sent_at) const;
  bool contradicts(const wire::heartbeat& anchored) const;
  bool may_be_made_up(const wire::header& h) const noexcept;
  void suspect(timestamp now);
  bool can_follow(const wire::heartbeat& earlier, const wire::heartbeat& later) const;
  block_number end_of_schedule(const wire::heartbeat& message) const;
  bool is_believable(timestamp now, const wire::heartbeat& message);
  wire::heartbeat paced_by_anchor(wire::heartbeat message) const;
  void correct_pace(timestamp now);
  packet_counts reported_counts() const noexcept;
  void go_back_to(position at, std::uint64_t packet);
  bool may_make_room(block_number block, const assembly& a) const noexcept;
  block_buffer make_room(block_number block);
  std::size_t blocks_to_give_up() const;
  bool look_in_pool(timestamp now, assemblies::iterator block);
  void fail_on_own_path(block_number block);

  // Feedback.
  void observe_limit(timestamp now);
  bool consumer_fills_cache() const;
  shortfall::holdings holdings() const;
  void plan_request(timestamp now);
  void plan_status(timestamp now);
  bool add_requests(timestamp now, wire::feedback& message);
  wire::feedback status(timestamp now) const;
  void seal(const wire::feedback& message, std::vector<std::byte>& out);
  void count(drop reason) noexcept { ++statistics_.drops[static_cast<std::size_t>(reason)]; }

  receiver_config config_;
  block_allocator& memory_;
  wire::opener opener_;
  wire::sealer sealer_;
  wire::manifest_verifier verifier_;
  fec_decoder decoder_;
  replay_guard replay_;

  suspicion suspicion_;
  signature_budget signatures_;
  manifest_pool unchecked_;
  std::optional<wire::heartbeat> anchored_; ///< the last anchor's heartbeat
  std::uint64_t anchored_at_sender_ = 0; ///< when the last anchor was sent, by the sender's clock
  timestamp anchored_at_ = -never;       ///< when it came
  std::uint64_t anchored_packet_ = 0;
  unsigned own_path_failures_ = 0;
  bool is_server_told_ = false; ///< an anchor came from an address that the server named
  bool is_suspicious_ = false;  ///< as of the last event

  timestamp manifests_fetched_at_ = -never;
  timestamp next_fetch_ = never;

  block_ledger blocks_;
  std::vector<block_number> proven_;  ///< until take_proven
  std::vector<verified_block> ready_; ///< until take_blocks

  /// Control bodies are opened here.
  std::vector<std::byte> scratch_;

  /// The furthest place of the sender's way that is known, and the packet that told of its pass.
  position seen_;
  std::uint64_t pass_began_ = 0;

  heard_heartbeat beat_;
  shortfall shortfall_;

  timestamp last_heard_;
  liveness liveness_;

  feedback_schedule feedback_;
  std::uint64_t next_packet_; ///< of feedback
  receive_limit_meter limit_meter_;

  self_check check_self_;
  failure failure_;
  receiver_statistics statistics_;
};

} // namespace fleetcast::protocol
