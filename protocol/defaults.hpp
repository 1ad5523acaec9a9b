/// Tunables of the protocol that several classes or both ends need, each with its unit and the reason for its value; those of one
/// class are in its own file.
///
/// A value that both sides must agree on travels in the accept message; the constant here is only
/// what a sender chooses when nobody said otherwise.
#pragma once

#include "protocol/timestamp.hpp"

#include <cstddef>
#include <cstdint>

namespace fleetcast::protocol::defaults {

// -- geometry -----------------------------------------------------------------------------------

/// Bytes of one symbol. 1408 + header 24 + seal 16 + IPv6/UDP 48 = 1496: unfragmented at MTU 1500
/// on both IP versions, and 128 of them are 44 whole pages.
constexpr std::uint16_t symbol_size = 1408;

/// Source symbols of a full block. 128 leaves as many again for repair symbols in GF(2^8).
constexpr std::uint16_t source_symbols = 128;

/// Encoding symbols of one block, source and repair together. GF(2^8) has no more distinct
/// evaluation points to give.
constexpr std::uint16_t max_encoding_symbols = 255;

/// Largest symbol accepted from a peer, bytes: a jumbo frame's worth.
constexpr std::uint16_t max_symbol_size = 8896;

/// Most blocks of an object. Each costs a receiver a bit and a sender 33 bytes, whatever the size of a block: with
/// tiny ones a server could make every receiver take half a GiB for a small object. This bound is 8 MiB there, and
/// 11 TiB of object in blocks of the standard size.
constexpr std::uint32_t max_blocks = 1U << 26U;

// -- memory -------------------------------------------------------------------------------------

/// Blocks a receiver holds at most, in assembly and delivered together. 64 x 180,224 B = 11 MiB:
/// 90 ms at 1 Gbit/s, enough for several repair rounds on a LAN.
constexpr std::size_t cache_blocks = 64;

/// Fewest blocks a receiver works with: one being read by the consumer, the others in assembly.
constexpr std::size_t min_cache_blocks = 4;

/// Source blocks the sender keeps in memory for repairs, beyond those being read ahead. Matches
/// the receivers' cache: what a receiver still assembles the sender usually still holds.
constexpr std::size_t sender_cache_blocks = 96;

// -- manifests ----------------------------------------------------------------------------------

/// Blocks whose digests travel in one manifest, at most: 40 x 32 B fits one symbol-sized datagram.
constexpr std::size_t manifest_capacity = 40;

/// Blocks whose digests are announced together. A manifest precedes its blocks, so the sender reads
/// this many blocks ahead, and a receiver can verify each block the moment it is whole.
constexpr std::size_t manifest_run = 16;

/// Times that a manifest is repeated, spread over its run, where datagrams get lost: of ten thousand receivers
/// at 1 % none misses all four, and they cost less than a thousandth of what the run does.
constexpr std::size_t manifest_repeats = 3;

// -- feedback -----------------------------------------------------------------------------------

/// Messages a second that the sender wants from the whole group, of any size: unprompted ones, and requests.
/// With the answers to announcements, and bursts of both, a thousand, which cost a sender some 1 % of a processor.
constexpr std::uint32_t status_budget_per_second = 500;
constexpr std::uint32_t request_budget_per_second = 150;

/// While the rate is searched the group may speak so many times as often: rounds of reports are the clock of the
/// search, which is over within a second or two.
constexpr std::uint32_t search_status_factor = 16;

/// Shortest time between two unprompted status messages of one receiver.
constexpr duration min_status_interval = milliseconds(2);

/// Longest time between two status messages of one receiver that the sender may ask for: what a group of
/// 15,000 takes. The sender's idea of who is alive ages no further than a few of these.
constexpr duration max_status_interval = seconds(30);

/// A receiver with no news speaks this often even when the status interval would allow more silence; a longer
/// interval counts, so that the budget holds in large groups.
constexpr duration status_keep_alive = seconds(2);

/// A receiver with no news speaks after so many status intervals. The sender measures its rate from round
/// to round of these reports: at the start, when news is rare, they set how fast the search goes.
constexpr unsigned status_slack = 2;

/// Blocks named one by one in a feedback message. 64 is a whole default cache.
constexpr std::size_t max_repair_requests = 64;

/// Ranges of untouched blocks named in a feedback message.
constexpr std::size_t max_wanted_ranges = 24;

/// Over so long a time it is judged what limits a transfer: enough for a probe of the rate to show what the
/// path does, and twice that is within the two seconds in which people shall be told.
constexpr duration limit_span = milliseconds(500);

// -- repair timing ------------------------------------------------------------------------------

/// K of RFC 5740 section 4.2: a NACK waits up to K x GRTT.
constexpr unsigned nack_backoff_factor = 4;

/// GRTT is never taken below this: thread wake-ups cost about as much on a busy host.
constexpr duration min_grtt = microseconds(500);

/// GRTT before anything was measured.
constexpr duration initial_grtt = milliseconds(10);

/// GRTT is never taken above this; a receiver further away is served at its own pace.
constexpr duration max_grtt = seconds(2);

/// Datagrams that may overtake one another before a gap counts as loss, as time.
constexpr duration reorder_delay = milliseconds(1);

/// Repair symbols more for blocks near the end, where a request would make everybody wait for one: each makes it
/// some six times rarer where single losses are few, and five as good as sure that none comes.
constexpr std::uint16_t closing_parity = 5;

// -- heartbeats ---------------------------------------------------------------------------------

/// Interval of sender heartbeats while data flows or a repair is awaited.
constexpr duration heartbeat_interval = milliseconds(5);

/// Interval of sender heartbeats once everything asked for was sent and nobody answers.
constexpr duration idle_heartbeat_interval = milliseconds(100);

/// Heartbeats stay frequent for this long after the last symbol or request.
constexpr duration idle_after = seconds(1);

/// At low rates heartbeats give way: at least this many datagrams' time lies between two.
constexpr unsigned datagrams_per_heartbeat = 32;

/// A receiver that hears nothing from the sender for this long gives up (MS-WDSMT's inactivity
/// limit).
constexpr duration sender_silence_limit = seconds(30);

/// A sender that hears nothing from a receiver for this long drops it from the group.
constexpr duration receiver_silence_limit = seconds(30);

/// Silence counts as consent to an announced window edge after this many heartbeats plus two GRTT:
/// a receiver with an objection repeats it at every heartbeat, so three lost in a row is rare, and
/// the price is only a block that is dropped and sent again.
constexpr unsigned consent_heartbeats = 4;

/// A receiver that holds the edge says so again after two GRTT, and not more often than this: two heartbeats,
/// half of what would count as consent.
constexpr duration min_objection_interval = milliseconds(10);

/// A receiver that no heartbeat has reached for this long, ten idle ones, is deaf: multicast does not get to it. What
/// it says of the window is no objection to an edge that it cannot know, and it says little.
constexpr duration deaf_after = seconds(1);

/// The edge a heartbeat announces lies this many blocks ahead: a quarter of the default cache. A
/// receiver with room for more stays silent, so in a healthy group nobody objects.
constexpr std::uint32_t edge_lead = 16;

// -- liveness -----------------------------------------------------------------------------------

/// A receiver takes a turn this often even when nothing happens, so that it notices when it slept.
constexpr duration own_turn_interval = milliseconds(500);

/// Between two turns of a receiver that was awake: twice what was to be. What takes longer was a sleep (a stopped
/// process, a suspended host, no processor time), and says nothing of the sender.
constexpr duration max_own_gap = seconds(1);

/// A receiver that nothing has reached for this long, twenty idle heartbeats, says so and joins the group again.
constexpr duration hearing_lost_after = seconds(2);

/// The group is joined again at once, this often more after the first interval each, then after the second one: reports
/// get lost, too, and a switch that has lost one second is found again soon; the rest is for people to mend.
constexpr unsigned quick_rejoins = 3;
constexpr duration quick_rejoin_interval = seconds(3);
constexpr duration slow_rejoin_interval = seconds(10);

/// Datagrams of full symbols that do not come for this long, while smaller ones do, may be too large for the way:
/// people shall know within ten seconds.
constexpr duration size_span = seconds(8);

/// For that verdict so many datagrams were lost, before so many others that arrived, and so many heartbeats have
/// shown that symbols were sent. The slowest rate that is searched, 1 Mbit/s, makes some 690 datagrams, 21 heartbeats
/// and 5 blocks of the span. Where nine of ten datagrams get lost at random, 1 in 10^11 runs of 256 is lost whole.
constexpr std::uint64_t size_losses = 256;
constexpr unsigned size_gaps = 10;
constexpr unsigned size_moves = 3;

/// Datagrams of this size pass everywhere (RFC 791), as UDP payload: 576 bytes with the largest IP header.
constexpr std::size_t size_that_passes = 508;

/// A receiver that gets nothing of what it lacks for this long, though it asked so often and so many heartbeats have
/// shown that the sender went on, says so. A request is answered within a few round trips.
constexpr duration stalled_after = seconds(20);
constexpr std::uint32_t stalled_requests = 3;
constexpr unsigned stalled_moves = 10;

// -- rate ---------------------------------------------------------------------------------------

/// Rate that the search for the right one begins with, bits per second of UDP payload: doubling takes it to
/// 10 Gbit/s in nine rounds of some 10 ms, and the slowest link that carries images today survives it.
constexpr std::uint64_t start_rate = 20'000'000;

/// Bounds of what the search can find: below, the slowest link somebody may want to use; above, more than
/// any host here can seal.
constexpr std::uint64_t min_rate = 1'000'000;
constexpr std::uint64_t max_rate = 100'000'000'000;

/// Departures of datagrams that the rate measurement remembers: 4 s at the pacing quantum, more than the
/// longest round trip.
constexpr std::size_t remembered_departures = 8192;

/// A pacer never saves up more than this much sending time. Timers on a busy host wake that late, and
/// what was missed should not be lost; a longer burst would overrun the queues of a switch.
constexpr duration max_burst = milliseconds(4);

/// A pacer may run ahead by this much sending time, so that datagrams leave in batches.
constexpr duration pacing_quantum = microseconds(500);

/// Datagrams in one batch between actors: 44 x 1448 B is what one segmented send carries.
constexpr std::size_t batch_datagrams = 44;

// -- liveness at the sender ---------------------------------------------------------------------

/// Bytes that a transmission sends while nobody of its group has been heard: the search at its first rate for 100 ms, ten
/// times what the first word of a receiver takes in a LAN, and nothing that could hurt anybody else's network.
constexpr std::size_t blind_bytes = 256 * 1024;

/// Of those, kept for heartbeats: a minute's, several times what a silent receiver is given.
constexpr std::size_t blind_reserve = 16 * 1024;

/// Interval of heartbeats once that is spent: two reach a newcomer before it takes itself for deaf.
constexpr duration blind_heartbeat_interval = milliseconds(500);

/// A longer pause between two turns is the sender's own: nobody was silent in it. Ten idle heartbeats.
constexpr duration own_gap = seconds(1);

/// A receiver counts as silent after this time without a message, and after this many of the status intervals it was
/// given. In a small group it speaks every few milliseconds, in a large one every few seconds.
constexpr duration silent_after = seconds(2);
constexpr unsigned silent_intervals = 4;

/// The same for one that hears no heartbeat, or was never heard: it speaks by itself after 1 to 3 s.
constexpr duration silent_after_when_deaf = milliseconds(3500);

/// A receiver of whom nothing came since it joined: its first word comes 2 s later at the latest, deaf or not. With the
/// pause to the next look, people are told within 3 s.
constexpr duration unheard_after = milliseconds(2250);

/// Pause between two looks at who gets on.
constexpr duration judge_interval = milliseconds(250);

/// How long, plus how many round trips, a receiver may go without progress before the sender judges whether it was
/// served: longer than an outage that goes unnoticed, and several rounds of repairs at any distance.
constexpr duration progress_patience = seconds(5);
constexpr unsigned progress_patience_rounds = 20;

/// A receiver that was sent this many blocks and completed none is making no progress: four default caches.
constexpr std::uint64_t served_blocks = 256;

/// A consumer that has taken nothing for this time no longer holds up the others. Long, since disks stall for half a
/// minute, and people pause programs to look at them.
constexpr duration full_cache_patience = seconds(60);

/// A receiver that has every block sends its receipt once its consumer has stored them: a cache of 4 GiB at 2 MB/s
/// takes half of this time. Its copy is whole even if it is sent away.
constexpr duration receipt_patience = seconds(3600);

/// A receiver that nothing reaches ends by itself after `sender_silence_limit`; one that is still there after this
/// time will not.
constexpr duration deaf_patience = seconds(40);

/// Each completed block pays for this many times its symbols in requests: enough at 97 % loss.
constexpr double asked_times_a_block = 32;

/// Symbols that may be asked for however little is lacking: eight blocks.
constexpr std::uint64_t least_asked_symbols = 1024;

/// A receiver gets a ration once its requests added this many symbols more than twice what it lost, and more than twice
/// what most receivers' requests added: eight blocks, beyond what chance explains.
constexpr std::uint64_t repair_ration_begins = 1024;

/// Beyond this many such symbols its requests no longer raise the parity that is sent unasked: half a block.
constexpr std::uint64_t founded_slack = 64;

/// The ration: symbols for each source datagram. With what it had before, and heartbeats, three quarters of what is sent
/// stay the others'.
constexpr double repair_ration = 0.125;

/// Most that a ration saves up, symbols: two blocks at a time.
constexpr double max_repair_ration = 512;

// -- blocks held since an earlier session -------------------------------------------------------

/// Blocks that are read for their digest alone at once. One keeps a disk busy, and a few bridge the way there and back;
/// blocks to be sent wait behind no more than these.
constexpr std::size_t max_digest_reads = 4;

/// What a server takes longer to tell a digest of a block that it has to read first, where others want it to read, too.
constexpr duration proof_patience = milliseconds(100);

/// How many times a receiver that asks in vain doubles its wait before the next request: up to about two seconds.
constexpr unsigned max_proof_doublings = 4;

// -- a server that went away --------------------------------------------------------------------

/// Bounds of the longest pause before a client asks again: an eighth of the time that the server is away.
constexpr duration min_reconnect_pause = milliseconds(200);
constexpr duration max_reconnect_pause = seconds(5);

// -- bounds -------------------------------------------------------------------------------------

/// Intervals in the sender's set of blocks to send whole.
constexpr std::size_t max_schedule_intervals = 4096;

/// Intervals in a receiver's set of untouched blocks: half a MiB of memory at most.
constexpr std::size_t max_untouched_intervals = 65536;

/// Blocks with repairs waiting at the sender; a request beyond that is asked again later.
constexpr std::size_t max_queued_repairs = 4096;

/// Blocks whose manifests one feedback message can ask for; the rest is asked for again. A receiver lacks only
/// those of whole blocks that it holds: 64 with a default cache, and 4096 are 704 MiB.
constexpr std::uint32_t max_requested_manifests = 4096;

/// Datagrams by which what was asked for may get ahead of source data that could be sent as well: eight blocks,
/// 12 ms at 1 Gbit/s.
constexpr std::int32_t max_repair_credit = 1024;

/// What each source datagram adds to that credit. Below 75 % loss more is earned than spent, so repairs go at once;
/// who asks for ever more gets three datagrams of four.
constexpr std::int32_t repair_credit_step = 3;

/// Repair symbols computed in one go: bounds the scratch memory of the encoder.
constexpr std::uint16_t max_repair_burst = 32;

/// Recently started blocks the sender remembers with their packet numbers, to tell a request that
/// crossed them on the way.
constexpr std::size_t remembered_blocks = 512;

// -- trust --------------------------------------------------------------------------------------

/// Packet numbers a receiver can look back to tell a replay from a late arrival. Where the sender signs its numbers,
/// half of them lie ahead of the signed one: what is further ahead does not count.
constexpr std::size_t replay_window = 131'072;

/// Longest time between two anchors while somebody listens. A signature takes some 25 us.
constexpr duration anchor_interval = milliseconds(250);

/// The same while the rate is searched, or nothing is left to send: then a heartbeat decides what happens next, and a
/// receiver that believes only anchors must not be held up.
constexpr duration short_anchor_interval = milliseconds(25);

/// Packet numbers between two anchors, at most: a quarter of what a receiver looks ahead.
constexpr std::uint64_t packets_per_anchor = replay_window / 8;

/// A receiver that suspects nothing checks no more anchors than this.
constexpr duration anchor_check_interval = anchor_interval;

/// How far the time that an unsigned heartbeat claims may be ahead of the last anchor's time and what has passed since;
/// and how far it may have overtaken an anchor.
constexpr duration heartbeat_tolerance = milliseconds(100);

/// How long only signed messages count after something contradicted one: at first, and at most. It doubles each time.
constexpr duration min_suspicion = seconds(5);
constexpr duration max_suspicion = seconds(60);

/// Signatures that are checked a second, and at once: 2 % of a processor. A sender at 10 Gbit/s makes 430 manifests a
/// second of 16 blocks each, and four times as many where datagrams get lost, most of which are no news.
constexpr std::int64_t signatures_per_second = 1000;
constexpr std::int64_t signature_burst = 256;

/// Manifests that wait unchecked: 90 KiB.
constexpr std::size_t manifest_pool = 64;

/// A fetch that nobody answered is repeated after the first; one that was answered with nothing after the second.
constexpr duration fetch_patience = seconds(5);
constexpr duration fetch_pause = milliseconds(100);

/// Fetches of one receiver that may be under way.
constexpr std::size_t max_fetches = 8;

/// Parts of blocks that may come over the receiver's own connection and not fit what the server signed, before
/// the session is given up as corrupt: no member of the group can do that.
constexpr unsigned max_own_path_failures = 10;

/// Blocks that may fail their digest, and manifests with a bad signature, before the session with a server that knows
/// no anchors is given up.
constexpr unsigned max_digest_failures = 8;
constexpr unsigned max_signature_failures = 64;

} // namespace fleetcast::protocol::defaults
