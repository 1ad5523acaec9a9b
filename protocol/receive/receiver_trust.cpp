/// What a receiver does about members of the group that forge: it trusts signed words only, and fetches over its own
/// connection what they spoil.
#include "protocol/defaults.hpp"
#include "protocol/receive/receiver.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_codec.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

namespace fleetcast::protocol {

// -- anchors --------------------------------------------------------------------------------------

void receiver::on_message(timestamp now, std::uint64_t packet, const wire::anchor& message,
                          datagram_origin origin) {
  if (!config_.anchored)
    return;
  const auto beat = wire::decode_heartbeat(message.beat);
  if (!beat || beat->next.block > config_.layout.block_count())
    return count(drop::malformed);
  if (!is_worth_checking(now, message, beat->sent_at) || !signatures_.take(now))
    return;
  if (!verifier_.verify(message)) {
    ++statistics_.signature_failures;
    return suspect(now);
  }
  is_server_told_ = is_server_told_ || origin == datagram_origin::server;
  anchored_at_sender_ = beat->sent_at;
  anchored_at_ = now;
  anchored_packet_ = message.packet;
  const auto are_numbers_honest = replay_.settle(message.packet);
  if (contradicts(*beat) || !are_numbers_honest)
    suspect(now);
  if (!std::exchange(anchored_, beat))
    correct_pace(now);
  if (is_suspicious_) {
    go_back_to(beat->next, packet);
    take_heartbeat(now, *beat);
    // What is counted moves with anchors only: told at once, it says how the path is now.
    feedback_.report_soon(now, beat_);
    return;
  }
  if (!beat_ || beat->sent_at > beat_->sent_at)
    take_heartbeat(now, *beat);
}

/// The sender is at `at`, whatever was thought of it.
void receiver::go_back_to(position at, std::uint64_t packet) {
  seen_ = at;
  pass_began_ = packet;
  feedback_.go_back_to(at);
  for (auto& [block, a] : blocks_.begun())
    a.pass = std::min(a.pass, at.pass);
}

bool receiver::is_worth_checking(timestamp now, const wire::anchor& message,
                                 std::uint64_t sent_at) const {
  if (anchored_at_ == -never)
    return true;
  if (sent_at <= anchored_at_sender_ || message.packet < anchored_packet_)
    return false;
  return is_suspicious_ || now - anchored_at_ >= defaults::anchor_check_interval
         || message.packet - anchored_packet_ >= defaults::packets_per_anchor;
}

/// Whether what is known of the sender cannot be: somebody else said it.
bool receiver::contradicts(const wire::heartbeat& anchored) const {
  if (!beat_)
    return false;
  if (beat_->sent_at > anchored.sent_at)
    return beat_->sent_at - anchored.sent_at
           > static_cast<std::uint64_t>(defaults::heartbeat_tolerance.count());
  if (beat_->sent_at == anchored.sent_at && beat_->next != anchored.next)
    return true;
  // Nothing later than the anchor is known of the sender, so it is not beyond it, but for what overtook it.
  return seen_.pass > anchored.next.pass
         || (seen_.pass == anchored.next.pass
             && seen_.block > anchored.next.block + defaults::edge_lead);
}

/// Whether `later` can follow `earlier`: what was to be sent whole still is, unless the sender has come by.
bool receiver::can_follow(const wire::heartbeat& earlier, const wire::heartbeat& later) const {
  if (earlier.next.pass != later.next.pass)
    return later.next.pass > earlier.next.pass;
  const auto known_to = end_of_schedule(later);
  interval_set left{2 * wire::max_scheduled_ranges + 1};
  for (const auto& r : earlier.scheduled)
    static_cast<void>(left.insert(r.first, std::min(r.first + r.count, known_to)));
  left.erase(std::min(earlier.next.block, later.next.block), later.next.block + 1);
  for (const auto& r : later.scheduled)
    left.erase(r.first, r.first + r.count);
  return left.empty();
}

/// Up to here a heartbeat tells of every block whether it will be sent whole.
block_number receiver::end_of_schedule(const wire::heartbeat& message) const {
  if (message.scheduled_all)
    return config_.layout.block_count();
  return message.scheduled.empty()
           ? 0
           : message.scheduled.back().first + message.scheduled.back().count;
}

/// Whether the packet number of `h` may have come before because somebody made it up: that must not keep out the genuine
/// datagram. Control messages replace one another by what they say; one that comes twice is worthless.
bool receiver::may_be_made_up(const wire::header& h) const noexcept {
  return is_suspicious_ || (config_.anchored && h.type == wire::datagram_type::control);
}

void receiver::suspect(timestamp now) {
  suspicion_.raise(now);
  is_suspicious_ = true;
  statistics_.contradictions = suspicion_.raised();
}

bool receiver::is_believable(timestamp now, const wire::heartbeat& message) {
  if (!config_.anchored || anchored_at_ == -never)
    return true;
  if (is_suspicious_)
    return false;
  const auto latest = anchored_at_sender_ + static_cast<std::uint64_t>((now - anchored_at_).count())
                      + static_cast<std::uint64_t>(defaults::deaf_after.count());
  if (message.sent_at > latest)
    return false;
  if (can_follow(*beat_, message))
    return true;
  // One of the two is forged.
  suspect(now);
  return false;
}

/// An unsigned heartbeat, which may make this receiver no slower than the last anchor did: who made it wait would have it
/// ask for nothing. Making it faster costs a few messages.
wire::heartbeat receiver::paced_by_anchor(wire::heartbeat message) const {
  if (anchored_) {
    message.grtt = std::min(message.grtt, anchored_->grtt);
    message.group_size = std::min(message.group_size, anchored_->group_size);
    message.status_interval = std::min(message.status_interval, anchored_->status_interval);
  }
  return message;
}

/// Before the first anchor anybody's heartbeat counts, and one may have made this receiver wait for minutes, whatever it
/// heard since. What was put off for longer than the anchor asks for is planned again.
void receiver::correct_pace(timestamp now) {
  if (!beat_ || !feedback_.is_request_planned())
    return;
  const auto paced = paced_by_anchor(*beat_);
  const auto pace = std::clamp(paced.grtt, defaults::min_grtt, defaults::max_grtt);
  const auto longest = defaults::reorder_delay + nack_timer::max_backoff(pace, paced.group_size);
  if (feedback_.request_due() <= now + longest)
    return;
  beat_.correct(paced);
  feedback_.end_request();
  feedback_.drop_objection();
  feedback_.report_soon(now, beat_);
  plan_request(now);
  feedback_.plan_objection(now, limit(), beat_);
}

packet_counts receiver::reported_counts() const noexcept {
  return is_suspicious_ ? replay_.settled() : replay_.counts();
}

// -- memory ---------------------------------------------------------------------------------------

/// Whether this block is further ahead than the sender can have come since it was last known where it is: perhaps a
/// forged symbol began it.
bool receiver::may_make_room(block_number block, const assembly& a) const noexcept {
  return !a.symbols.whole() && a.pass == seen_.pass && block > seen_.block + defaults::edge_lead;
}

/// Memory of the block that is furthest ahead, if it is further than `block`: forged symbols of blocks to come must not
/// keep out those that come.
block_buffer receiver::make_room(block_number block) {
  auto& begun = blocks_.begun();
  if (begun.empty())
    return nullptr;
  const auto furthest = std::prev(begun.end());
  if (furthest->first < block || !may_make_room(furthest->first, furthest->second))
    return nullptr;
  blocks_.abandon(furthest);
  return memory_.allocate();
}

/// Blocks that may be given up for nearer ones.
std::size_t receiver::blocks_to_give_up() const {
  const auto& begun = blocks_.begun();
  return static_cast<std::size_t>(
    std::count_if(begun.begin(), begun.end(),
                  [this](const auto& entry) { return may_make_room(entry.first, entry.second); }));
}

// -- manifests that wait for a check --------------------------------------------------------------

/// Returns true when one was found for `block`, which then went on from there, and may be gone.
bool receiver::look_in_pool(timestamp now, assemblies::iterator block) {
  if (unchecked_.empty())
    return false;
  auto& a = block->second;
  if (!a.own)
    a.own = wire::digest_of({a.symbols.memory().get(), config_.layout.size_of(block->first)});
  const auto found = unchecked_.take(block->first, *a.own);
  // Not within the budget: nobody can make up what names the digest of a block that is right, and one that is wrong
  // has been forged at a price.
  if (!found || !verifier_.verify(*found))
    return false;
  take_manifest(now, *found);
  return true;
}

// -- the receiver's own path ----------------------------------------------------------------------

std::vector<wire::fetch> receiver::take_fetches(timestamp now) {
  std::vector<wire::fetch> result;
  if (!config_.fetches || failure_ || next_fetch_ > now)
    return result;
  next_fetch_ = never;
  std::size_t under_way = 0;
  for (auto& [block, a] : blocks_.begun()) {
    if (!a.mend || under_way == defaults::max_fetches)
      continue;
    if (const auto asked = a.mend->ask(now))
      result.push_back(*asked);
    ++under_way;
    next_fetch_ = std::min(next_fetch_, a.mend->due());
  }
  if (!unchecked_.has_lost_some() || complete())
    return result;
  if (manifests_fetched_at_ + defaults::fetch_pause <= now) {
    manifests_fetched_at_ = now;
    for (const auto& lacking : shortfall_.manifests_to_fetch(now, holdings()))
      result.push_back({lacking.first, true, false, 0});
  }
  next_fetch_ = std::min(next_fetch_, manifests_fetched_at_ + defaults::fetch_pause);
  return result;
}

void receiver::on_fetched(timestamp now, const wire::fetched& answer) {
  is_suspicious_ = suspicion_.is_active(now);
  if (failure_)
    return;
  if (const auto* m = std::get_if<wire::manifest>(&answer.part)) {
    const auto blocks = config_.layout.block_count();
    if (m->first_block >= blocks || m->digests.size() > blocks - m->first_block
        || !verifier_.verify(*m))
      return fail_on_own_path(answer.block);
    return take_manifest(now, *m);
  }
  const auto i = blocks_.begun().find(answer.block);
  if (i == blocks_.begun().end() || !i->second.mend)
    return;
  next_fetch_ = now;
  auto& mend = *i->second.mend;
  const std::span<std::byte> bytes{i->second.symbols.memory().get(),
                                   config_.layout.size_of(answer.block)};
  auto fits = true;
  if (const auto* leaves = std::get_if<wire::leaf_digests>(&answer.part))
    fits = mend.take(now, *leaves, bytes);
  else if (const auto* leaf = std::get_if<wire::fetched_leaf>(&answer.part)) {
    fits = mend.take(*leaf, bytes);
    ++statistics_.leaves_fetched;
  } else
    mend.take(now, wire::fetched_nothing{});
  if (!fits)
    return fail_on_own_path(answer.block);
  if (!mend.is_done())
    return;
  i->second.mend.reset();
  try_complete(now, i);
}

void receiver::fail_on_own_path(block_number block) {
  if (++own_path_failures_ < defaults::max_own_path_failures)
    return;
  failure_ = {failure_code::content_corrupt, 0,
              "what the server itself sent to mend block " + std::to_string(block) + " (offset "
                + std::to_string(config_.layout.offset_of(block))
                + ") does not fit what it signed, " + std::to_string(own_path_failures_)
                + " times: its memory or disk is failing; see its log"};
}

} // namespace fleetcast::protocol
