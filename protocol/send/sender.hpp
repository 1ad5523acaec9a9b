/// The sending side of one transmission: what to send next, to whom nothing, and when.
///
/// Pure: datagrams come out of `take`, feedback and blocks go in, time is a parameter. Sealing,
/// sockets, disk and timers are the caller's.
///
/// The way over the object. The sender walks in passes (position.hpp). `schedule_` is the set of
/// blocks to send whole: everything for the first receiver, or nothing if it resumes an earlier session; whatever a late
/// joiner missed, and whatever a receiver had no room for, is put back and served when the walk comes by again. So nobody
/// restarts and nobody waits.
///
/// Order of `take`, most urgent first:
///   1. a heartbeat that is due;
///   2. manifests that were asked for: one datagram can set a run of blocks free;
///   3. repair symbols that were asked for, or that a block just sent is expected to need
///      (proactive_parity.hpp): they free buffers at receivers that wait;
///      2 and 3 spend a credit that source datagrams earn (defaults::max_repair_credit), lest requests
///      without end stop the source data of all: once it is gone they get three datagrams of four, and
///      every one while window or content hold source data back;
///   4. the manifest of the run of blocks that comes next (manifest_schedule.hpp), then the blocks' source
///      symbols.
///
/// Window rule. No block is started beyond the *edge*: the lowest limit of all receivers. A receiver
/// reports its limit (how far it has room); one that says nothing while a heartbeat announced an
/// edge consents to it after a while (defaults::consent_heartbeats). So the group's size costs no
/// credit messages, a dead receiver holds nobody, and one in trouble is heard at once.
///
/// Who does not get on costs the others nothing (group_liveness.hpp), and gets its share of repairs, no more
/// (repair_ration.hpp). While nobody of the group has been heard hardly anything is sent (blind_allowance.hpp).
///
/// Turns. Each call that is given the time is a turn. A pause between two of them beyond defaults::own_gap is the sender's
/// own, and nobody's silence or lack of progress.
///
/// Timers: heartbeats (heartbeat_schedule.hpp); receiver silence; progress; nothing else. Repairs
/// need no linger timer: a request states the highest packet number its author had seen, so symbols
/// sent after that are known to be on their way and are deducted (repair_schedule.hpp).
///
/// Limits: memory is `cache_blocks` blocks plus 33 bytes a block of the object (digest and next
/// repair symbol) plus a constant per receiver. Feedback costs O(1) per message.
#pragma once

#include "protocol/block_buffer.hpp"
#include "protocol/failure.hpp"
#include "protocol/fec.hpp"
#include "protocol/geometry.hpp"
#include "protocol/interval_set.hpp"
#include "protocol/position.hpp"
#include "protocol/self_check.hpp"
#include "protocol/send/anchor_clock.hpp"
#include "protocol/send/blind_allowance.hpp"
#include "protocol/send/block_cache.hpp"
#include "protocol/send/group.hpp"
#include "protocol/send/group_liveness.hpp"
#include "protocol/send/heartbeat_schedule.hpp"
#include "protocol/send/manifest_schedule.hpp"
#include "protocol/send/outgoing.hpp"
#include "protocol/send/pacer.hpp"
#include "protocol/send/proactive_parity.hpp"
#include "protocol/send/rate_controller.hpp"
#include "protocol/send/read_planner.hpp"
#include "protocol/send/recent_starts.hpp"
#include "protocol/send/repair_ration.hpp"
#include "protocol/send/repair_schedule.hpp"
#include "protocol/send/send_limit_meter.hpp"
#include "protocol/send/transmission_limit.hpp"
#include "protocol/wire/manifest.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace fleetcast::protocol {

struct sender_config {
  geometry layout;
  std::uint32_t session_tag = 0;
  std::uint16_t lane = 0;
  std::size_t cache_blocks = defaults::sender_cache_blocks;

  /// Unprompted messages, and requests, that the whole group should send a second.
  std::uint32_t status_budget = defaults::status_budget_per_second;
  std::uint32_t request_budget = defaults::request_budget_per_second;

  /// Bytes of header and seal, which do not show here but the pacer should count.
  std::size_t datagram_overhead = wire::header_size + wire::max_seal_size;

  /// The same for symbols only: a simulation carries the first bytes of each and counts all of them.
  std::size_t symbol_overhead = 0;

  /// Manifests precede the blocks, and heartbeats are signed from time to time. False: neither is sent, and digests
  /// are not looked at.
  bool verified = true;
};

/// All counted since the transmission began.
struct sender_statistics {
  std::uint64_t source_datagrams = 0;
  std::uint64_t repair_datagrams = 0;
  std::uint64_t proactive_symbols = 0; ///< of those, owed before anybody asked
  std::uint64_t control_datagrams = 0;
  std::uint64_t anchors = 0;       ///< of those
  std::uint64_t payload_bytes = 0; ///< of source and repair symbols
  std::uint64_t feedback_messages = 0;
  std::uint64_t repair_requests = 0;  ///< blocks named in feedback
  std::uint64_t repairs_covered = 0;  ///< of those, already on their way: nothing was added
  std::uint64_t repairs_rationed = 0; ///< of those, put off: their author had more than its share
  std::uint64_t repairs_refused
    = 0; ///< of those and of wanted blocks: their author asks without getting on
  std::uint64_t schedule_overflows = 0;
  std::uint64_t digest_reads = 0;  ///< blocks asked for since somebody wanted their digest alone
  std::uint64_t window_stalls = 0; ///< times the edge began to hold the sender back
  std::uint64_t read_stalls = 0;   ///< times it began to wait for content
};

/// A receiver to be sent away, since it does not get on.
struct dismissal {
  receiver_id who = 0;
  exclusion why = exclusion::none;

  friend bool operator==(const dismissal&, const dismissal&) = default;
};

class sender {
public:
  /// `signer` must outlive the sender.
  sender(const sender_config& config, std::unique_ptr<rate_controller> rate,
         const wire::manifest_signer& signer);

  // -- group ------------------------------------------------------------------------------------

  /// Requires an id that is not in the group. `cache_blocks` as the receiver announced. One that `resumes` an earlier
  /// session will say what it wants: if it is the first one, nothing is sent before.
  void add_receiver(timestamp now, receiver_id id, std::uint32_t cache_blocks,
                    bool resumes = false);

  void remove_receiver(timestamp now, receiver_id id);

  /// Why this receiver neither sets the rate nor holds up the others at the moment; none if it does count.
  exclusion exclusion_of(receiver_id id) const { return liveness_.why(id); }

  /// Feedback of a receiver of the group, already authenticated. Ignored for unknown ids. Returns
  /// false when it names blocks that the object does not have.
  bool on_feedback(timestamp now, receiver_id id, const wire::feedback& message);

  /// Receivers that were silent for longer than `silence_limit`, each named once; the caller ends them.
  std::vector<receiver_id> take_silent(timestamp now);

  /// As of now: it grows with the group.
  duration silence_limit() const;

  /// Receivers that do not get on though they were served, each named once; the caller ends them.
  std::vector<dismissal> take_dismissed(timestamp now);

  /// How long nothing was heard of a receiver, if it should have spoken; nothing if it should not.
  std::optional<duration> silence(timestamp now, receiver_id id) const;

  const group& receivers() const noexcept { return group_; }

  // -- content ----------------------------------------------------------------------------------

  /// Blocks to be read now, in this order; each is asked for once and comes back by `on_block`. Besides those to be sent,
  /// a few at a time whose digest alone somebody asked for.
  std::vector<block_number> take_reads();

  /// Block `number` was read: its bytes, padded with zeros to whole symbols, and their digest.
  /// Returns a failure (object_changed) when the digest differs from an earlier reading, which nobody
  /// notices in a transmission that is not verified.
  failure on_block(block_number number, const_block_buffer bytes, const wire::digest& digest);

  /// Digests that were computed in an earlier transmission of the same object: of blocks that are not read they are told
  /// without reading them. Returns false, changing nothing, when one differs from a reading; readings that come later
  /// are compared as any. Requires that no run reaches beyond the object.
  [[nodiscard]] bool know(std::span<const digest_run> runs);

  // -- steering ---------------------------------------------------------------------------------

  /// While paused only heartbeats go out: receivers stay, and nothing moves.
  void pause(timestamp now, bool paused) noexcept;
  bool paused() const noexcept { return paused_; }

  /// Another policy from now on, which knows nothing of the past.
  void set_rate_controller(std::unique_ptr<rate_controller> rate);

  // -- output -----------------------------------------------------------------------------------

  /// The manifest of `block`'s run, or of that part of it around the block whose digests are known; nothing when
  /// the block's is not.
  std::optional<wire::manifest> manifest_of(block_number block) const;

  /// The bytes of `block`, if they are in memory; null otherwise.
  const_block_buffer cached(block_number block);

  /// Appends up to `max` datagrams that may be sent now, and the rest of a run's manifests if that began. Returns how many.
  std::size_t take(timestamp now, std::size_t max, std::vector<outgoing_datagram>& out);

  /// When `take` may have something again if nothing goes in before; `now` or earlier: at once.
  [[nodiscard]] timestamp next_event(timestamp now) const;

  // -- inspection -------------------------------------------------------------------------------

  const sender_statistics& statistics() const noexcept { return statistics_; }
  position next_position() const noexcept { return next_; }
  position edge(timestamp now) const;

  /// What the rate controller allows.
  bit_rate rate(timestamp now) const { return rate_->rate(now); }

  /// As found for the last half second or so.
  const transmission_limit& limit() const noexcept { return limit_; }

  const geometry& layout() const noexcept { return config_.layout; }

  /// Checks the invariants; for tests and debug builds.
  [[nodiscard]] bool validate() const;

private:
  using output = std::vector<outgoing_datagram>;

  /// The block being sent and its next symbol.
  struct source_cursor {
    block_number block = 0;
    symbol_id symbol = 0;
    const_block_buffer bytes;
  };

  // Sending, in the order of urgency.
  std::optional<send_activity> send_batch(timestamp now, std::size_t full, output& out);
  void send_heartbeat(timestamp now, output& out);
  void send_anchor(timestamp now, output& out);
  std::size_t send_requested(timestamp now, std::size_t max, output& out);
  bool send_wanted_manifest(timestamp now, output& out);
  std::size_t send_repair(timestamp now, std::size_t max, output& out);
  bool send_source(timestamp now, output& out);
  bool start_next_block(timestamp now, output& out);
  bool hold_back(send_activity why);
  bool announce_run(timestamp now, position at, output& out);
  bool send_manifests(timestamp now, std::span<const manifest_schedule::body> all, output& out);
  void send_control(timestamp now, manifest_schedule::body body, output& out);
  void emit(timestamp now, wire::datagram_type type, block_number block, symbol_id symbol,
            std::span<const std::byte> payload, const_block_buffer owner, output& out);

  // Taking in what receivers say, and merging what they ask for.
  void take_in(timestamp now, receiver_id id, const wire::feedback& message, duration rtt);
  void merge(timestamp now, receiver_id id, const wire::feedback& message);
  bool names_known_blocks(const wire::feedback& message) const noexcept;
  void merge_repairs(receiver_id from, const wire::feedback& message);
  void merge_wanted(receiver_id from, const wire::feedback& message);

  void request_repair(const repair_ration::request& what);
  bool release_repair(bool nothing_else);

  // Who gets on.
  void begin_turn(timestamp now);
  void judge(timestamp now);
  void apply(timestamp now, const std::vector<group_liveness::change>& changes);
  bool must_wait_to_be_heard() const noexcept;
  group_liveness::traffic traffic() const noexcept;

  // What limits.
  void observe_limit(timestamp now);

  // Derived.
  std::size_t symbol_datagram_size() const noexcept;
  heartbeat_schedule::pace pace(timestamp now) const;

  /// As if the rate were not searched.
  duration unhurried_status_interval() const;
  duration consent_time(timestamp now) const;
  std::size_t next_repair_at_hand() const;
  void hasten_heartbeat(timestamp now);
  void learn_loss(const wire::feedback& message);
  void add_parity(timestamp now, block_number block);
  void owe_parity(block_number block, std::uint16_t symbols, std::uint64_t seen_packet);
  double tolerated_requests(timestamp now) const;
  double blocks_a_second(timestamp now) const;

  sender_config config_;
  std::unique_ptr<rate_controller> rate_;
  const wire::manifest_signer& signer_; ///< of anchors
  group group_;
  group_liveness liveness_;
  repair_ration ration_;
  blind_allowance blind_;
  std::vector<dismissal> dismissed_;
  pacer pacer_;
  heartbeat_schedule heartbeats_;
  manifest_schedule manifests_;
  block_cache cache_;
  read_planner reads_;
  fec_encoder encoder_;
  repair_schedule repairs_;

  /// So many of `repairs_.blocks()`, from the front on, wait for a read: no need to look at them.
  std::size_t repairs_waiting_ = 0;
  proactive_parity parity_;

  /// Blocks to be sent whole: in this pass (at or after `next_`) or the next one (before it).
  interval_set schedule_;

  position next_;
  std::optional<source_cursor> current_;

  /// Datagrams that repairs and requested manifests may take before it is source data's turn: three earned by
  /// each source datagram, down to minus a burst.
  std::int32_t repair_credit_ = 0;

  recent_starts recent_blocks_;

  std::uint64_t next_packet_ = 1;
  anchor_clock anchors_;
  std::optional<wire::heartbeat> to_sign_; ///< the last one, until it is sent as an anchor
  std::optional<timestamp> last_turn_;
  timestamp next_judgement_ = timestamp::zero();
  bool has_had_receivers_ = false;
  bool paused_ = false; ///< the operator's order

  /// What the last search for a block to start ran into; nothing once one was started. It outlives a stall: one that
  /// repairs interrupt is still the same.
  std::optional<send_activity> held_by_;

  /// The same, if the last `take` ended because nothing could be started, though there was leave to send, or in a pause.
  /// Only `take` sets it.
  std::optional<send_activity> stall_;
  send_limit_meter limit_meter_;
  transmission_limit limit_;
  self_check check_self_;
  sender_statistics statistics_;
};

} // namespace fleetcast::protocol
