#include "protocol/send/sender.hpp"

#include "protocol/defaults.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace fleetcast::protocol {

namespace {

/// Blocks read ahead: two runs, the one being sent and the next one.
constexpr std::size_t max_read_ahead = 2 * defaults::manifest_run;

/// Shares of blocks that may be asked for after their proactive parity: less would take more symbols than it
/// saves, more would save none.
constexpr double least_tolerated = 0.05;
constexpr double most_tolerated = 0.5;

/// Receivers of whom one misses a datagram at 1 % loss.
constexpr std::size_t large_group = 100;

/// When everybody who lacks something of a block will have said so: back-off, its way, and as much again.
constexpr duration request_patience(duration grtt) noexcept {
  return defaults::nack_backoff_factor * grtt + 2 * grtt + defaults::reorder_delay;
}

template <class Message>
std::shared_ptr<const wire::message_bytes> encoded(const Message& message) {
  return std::make_shared<const wire::message_bytes>(wire::encode(message));
}

/// Remembers `what`, forgetting the oldest beyond the bound.
template <class Queue, class T>
void remember(Queue& queue, T what) {
  if (queue.size() >= defaults::remembered_blocks)
    queue.pop_front();
  queue.push_back(what);
}

} // namespace

sender::sender(const sender_config& config, std::unique_ptr<rate_controller> rate,
               const wire::manifest_signer& signer)
  : config_(config),
    rate_(std::move(rate)),
    signer_(signer),
    liveness_(config.layout),
    cache_(config.cache_blocks),
    encoder_(config.layout.symbol_size()),
    repairs_(config.layout),
    parity_(config.layout.source_symbols()),
    schedule_(defaults::max_schedule_intervals),
    manifests_wanted_(defaults::max_schedule_intervals),
    digests_(config.layout.block_count()),
    digest_known_(config.layout.block_count()) {
  // Blocks read ahead are pinned; repairs need at least one place beside them.
  assert(config.cache_blocks > max_read_ahead);
  [[maybe_unused]] const auto fits = schedule_.insert(0, config_.layout.block_count());
  assert(fits);
}

// -- group ----------------------------------------------------------------------------------------

void sender::add_receiver(timestamp now, receiver_id id, std::uint32_t cache_blocks) {
  assert(!group_.contains(id));
  begin_turn(now);
  // One block at least: a receiver that never completes it holds up nobody who does.
  group_.add(now, id, nth_on_the_way(schedule_, next_, std::max(cache_blocks, 1U)));
  ration_.add(id);
  group_.waive(id, !liveness_.add(now, id, traffic()));
  rate_->on_receiver_joined(now, id);
  last_activity_ = now;
  // A newcomer learns from a heartbeat what it missed.
  anchors_.hasten();
  hasten_heartbeat(now);
}

void sender::remove_receiver(timestamp now, receiver_id id) {
  group_.remove(id);
  ration_.remove(id);
  rate_->on_receiver_gone(now, id);
  apply(now, liveness_.remove(id));
}

bool sender::on_feedback(timestamp now, receiver_id id, const wire::feedback& message) {
  if (!names_known_blocks(message))
    return false;
  begin_turn(now);
  const auto waited = must_wait_to_be_heard();
  const auto rtt = group_.update(now, id, message);
  if (!rtt)
    return true;
  if (waited)
    next_heartbeat_ = now;
  ++statistics_.feedback_messages;
  apply(now, liveness_.on_report(now, id, message, group_.find(id)->second.deaf, traffic()));
  ration_.on_report(id, std::min(message.lost_packets + message.dropped_no_room, next_packet_ - 1));
  if (liveness_.paces(id))
    rate_->on_feedback(now, id, message, *rtt);
  if (liveness_.counts(id) && !liveness_.hears_hardly_anything(id))
    learn_loss(message);
  const auto asks
    = !message.repairs.empty() || !message.wanted.empty() || !message.manifests.empty();
  if (!asks)
    return true;
  last_activity_ = now;
  merge_repairs(id, message);
  for (const auto& more : parity_.take_top_ups())
    owe_parity(more.block, more.symbols, message.highest_packet);
  merge_wanted(id, message);
  merge_manifests(message);
  if (!ration_.exceeded(id) && liveness_.paces(id))
    hasten_heartbeat(now);
  return true;
}

void sender::learn_loss(const wire::feedback& message) {
  // One that claims more than was sent says nothing.
  const auto sent = std::min(message.highest_packet, next_packet_ - 1);
  if (message.received_packets <= sent && message.lost_packets <= sent - message.received_packets)
    parity_.on_report(message.received_packets, message.lost_packets);
}

std::vector<receiver_id> sender::take_silent(timestamp now) {
  begin_turn(now);
  // In a large group everybody speaks rarely; as rarely, for a while, when a search has just begun.
  const auto limit = std::max<duration>(defaults::receiver_silence_limit, 4 * status_interval(1));
  auto result = group_.silent(now, limit);
  for (const auto id : result)
    remove_receiver(now, id);
  return result;
}

std::vector<dismissal> sender::take_dismissed(timestamp now) {
  begin_turn(now);
  auto result = std::exchange(dismissed_, {});
  std::erase_if(result, [this](const dismissal& d) { return !group_.contains(d.who); });
  for (const auto& d : result)
    remove_receiver(now, d.who);
  return result;
}

std::optional<duration> sender::silence(timestamp now, receiver_id id) const {
  const auto m = group_.find(id);
  if (m == group_.end())
    return std::nullopt;
  const auto least = !m->second.heard ? defaults::unheard_after
                     : m->second.deaf ? defaults::silent_after_when_deaf
                                      : duration{defaults::silent_after};
  const auto due = std::max<duration>(least, defaults::silent_intervals * status_interval(1));
  const auto silent = now - m->second.heard_at;
  return silent > due ? std::optional{silent} : std::nullopt;
}

// -- who gets on ----------------------------------------------------------------------------------

void sender::begin_turn(timestamp now) {
  const auto passed = now - last_turn_.value_or(now);
  last_turn_ = now;
  if (passed > defaults::own_gap) {
    group_.excuse(now, passed);
    liveness_.excuse(now, passed);
  } else if (stalled_ && !paused_ && held_by_ == send_activity::window) {
    if (const auto holder = group_.holder(now, consent_time(now)))
      liveness_.on_hold(*holder, passed);
  }
}

void sender::judge(timestamp now) {
  next_judgement_ = now + defaults::judge_interval;
  apply(now, liveness_.judge(now, group_.grtt(), !repairs_.empty()));
}

void sender::apply(timestamp now, const std::vector<group_liveness::change>& changes) {
  for (const auto& c : changes) {
    if (c.sent_away) {
      const dismissal d{c.who, c.why};
      if (std::none_of(dismissed_.begin(), dismissed_.end(),
                       [&](const dismissal& other) { return other.who == d.who; }))
        dismissed_.push_back(d);
      continue;
    }
    const auto counts = c.why == exclusion::none;
    group_.waive(c.who, !counts);
    // The rate may follow newcomers.
    if (!counts && c.why != exclusion::newcomer)
      rate_->on_receiver_gone(now, c.who);
    else if (counts && c.before != exclusion::newcomer)
      rate_->on_receiver_joined(now, c.who);
  }
}

bool sender::must_wait_to_be_heard() const noexcept {
  return blind_.exhausted() && !group_.someone_spoke();
}

group_liveness::traffic sender::traffic() const noexcept {
  return {statistics_.source_datagrams + statistics_.repair_datagrams,
          statistics_.control_datagrams};
}

bool sender::names_known_blocks(const wire::feedback& message) const noexcept {
  const auto count = config_.layout.block_count();
  const auto known
    = [count](const wire::block_range& r) { return r.first < count && r.count <= count - r.first; };
  return std::all_of(message.repairs.begin(), message.repairs.end(),
                     [count](const wire::block_repair& r) { return r.block < count; })
         && std::all_of(message.wanted.begin(), message.wanted.end(), known)
         && std::all_of(message.manifests.begin(), message.manifests.end(), known);
}

void sender::merge_repairs(receiver_id from, const wire::feedback& message) {
  const auto puts_off
    = ration_.exceeded(from) || (!liveness_.paces(from) && group_.someone_counts());
  for (const auto& r : message.repairs) {
    ++statistics_.repair_requests;
    // What is to be sent whole anyway, or not yet, needs no repair; unless its author has no room
    // for what comes before it: the window would wait for the block, and the block for the window.
    if (schedule_.contains(r.block) && next_visit(next_, r.block) < message.limit) {
      ++statistics_.repairs_covered;
      continue;
    }
    const repair_ration::request what{from, r.block, r.symbols, message.highest_packet};
    if (puts_off || ration_.exceeded(from)) {
      ++statistics_.repairs_rationed;
      ration_.defer(what);
    } else {
      request_repair(what);
    }
  }
  while (release_repair(false)) {}
}

void sender::request_repair(const repair_ration::request& what) {
  if (liveness_.allowance(what.from) == 0) {
    ++statistics_.repairs_refused;
    return;
  }
  const auto owed = repairs_.owed(what.block);
  switch (repairs_.request(what.block, what.symbols, what.highest_packet)) {
    case repair_schedule::outcome::added: {
      const auto added = static_cast<std::uint16_t>(repairs_.owed(what.block) - owed);
      liveness_.charge(what.from, added);
      ration_.charge(what.from, added);
      if (ration_.founded(what.from) && !liveness_.hears_hardly_anything(what.from))
        parity_.on_request(what.block, added, group_.size());
      break;
    }
    case repair_schedule::outcome::covered:
      ++statistics_.repairs_covered;
      break;
    case repair_schedule::outcome::refused:
      ++statistics_.schedule_overflows;
      break;
  }
}

/// Lets the next request through that had to wait. False: none may go.
bool sender::release_repair(bool nothing_else) {
  const auto next = ration_.next(nothing_else);
  if (next)
    request_repair(*next);
  return next.has_value();
}

void sender::merge_wanted(receiver_id from, const wire::feedback& message) {
  const auto k = config_.layout.source_symbols();
  for (const auto& r : message.wanted) {
    const auto may_have = (liveness_.allowance(from) + k - 1) / k;
    if (may_have == 0) {
      ++statistics_.repairs_refused;
      return;
    }
    const auto end
      = r.first + static_cast<block_number>(std::min<std::uint64_t>(r.count, may_have));
    // Blocks that were started after the request was written are on their way to its author.
    std::vector<block_number> on_the_way;
    for (const auto& s : recent_blocks_)
      if (s.packet > message.highest_packet && s.block >= r.first && s.block < end
          && !schedule_.contains(s.block))
        on_the_way.push_back(s.block);
    const auto before = schedule_.size();
    if (!schedule_.insert(r.first, end))
      ++statistics_.schedule_overflows;
    for (const auto block : on_the_way)
      schedule_.erase(block, block + 1);
    liveness_.charge(from, (schedule_.size() - before) * k);
  }
}

void sender::merge_manifests(const wire::feedback& message) {
  auto left = block_number{defaults::max_requested_manifests};
  for (const auto& r : message.manifests) {
    const auto covered
      = std::any_of(recent_manifests_.begin(), recent_manifests_.end(), [&](const started& s) {
          return s.packet > message.highest_packet && s.block == r.first;
        });
    if (covered)
      continue;
    const auto end = r.first + std::min(r.count, left);
    left -= end - r.first;
    for (auto block = r.first; block < end;) {
      // Not read yet, so never sent: its manifest will precede it.
      if (!digest_known_[block]) {
        ++block;
        continue;
      }
      const auto known = known_end(block, end);
      if (!manifests_wanted_.insert(block, known))
        ++statistics_.schedule_overflows;
      block = known;
    }
  }
}

// -- content --------------------------------------------------------------------------------------

std::vector<block_number> sender::take_reads() {
  std::vector<block_number> result;
  if (group_.empty())
    return result;
  choose_read_ahead();
  for (const auto block : read_ahead_) {
    if (cache_.knows(block))
      cache_.pin(block);
    else if (cache_.reserve(block, true))
      result.push_back(block);
    else
      return result;
  }
  // Only as many repairs as fit beside those: one that waits must not displace one before it.
  const auto places = std::min(max_read_ahead, config_.cache_blocks - max_read_ahead);
  const auto& repairs = repairs_.blocks();
  for (std::size_t i = 0; i < std::min(places, repairs.size()); ++i) {
    // Looking it up counts as use, also while it is being read.
    if (cache_.find(repairs[i]) || cache_.knows(repairs[i]))
      continue;
    if (!cache_.reserve(repairs[i], false))
      break;
    result.push_back(repairs[i]);
  }
  return result;
}

void sender::choose_read_ahead() {
  // What was chosen before may have got behind nearer blocks that somebody wanted since.
  for (const auto block : read_ahead_)
    cache_.unpin(block);
  read_ahead_.clear();
  // The rest of the run being sent and the next one; a walk that ends goes on from the beginning.
  auto block = schedule_.next(next_.block);
  if (!block)
    block = schedule_.next(0);
  for (; block && read_ahead_.size() < max_read_ahead; block = schedule_.next(*block + 1))
    read_ahead_.push_back(*block);
}

failure sender::on_block(block_number number, const_block_buffer bytes,
                         const wire::digest& digest) {
  assert(number < config_.layout.block_count());
  if (config_.verified && digest_known_[number] && digests_[number] != digest)
    return {failure_code::object_changed, 0,
            "block " + std::to_string(number)
              + " reads differently than before: the object was changed while it was being sent; "
                "request it again once it is at rest"};
  digests_[number] = digest;
  digest_known_[number] = config_.verified;
  cache_.put(number, std::move(bytes));
  if (repairs_.owed(number) > 0)
    repairs_waiting_ = 0; // it may be one of those
  return {};
}

// -- steering -------------------------------------------------------------------------------------

void sender::pause(timestamp now, bool paused) noexcept {
  paused_ = paused;
  // What goes on is told at once: receivers measure their patience by it.
  next_heartbeat_ = now;
}

void sender::set_rate_controller(std::unique_ptr<rate_controller> rate) noexcept {
  rate_ = std::move(rate);
}

// -- output ---------------------------------------------------------------------------------------

std::size_t sender::take(timestamp now, std::size_t max, std::vector<outgoing_datagram>& out) {
  const auto before = out.size();
  if (group_.empty() || max == 0)
    return 0;
  begin_turn(now);
  if (now >= next_judgement_)
    judge(now);
  if (now >= next_heartbeat_)
    send_heartbeat(now, out);
  if (to_sign_ && out.size() - before < max)
    send_anchor(now, out);
  stalled_ = paused_;
  if (paused_)
    pacer_.idle();
  if (paused_ || !pacer_.ready(now))
    return out.size() - before;
  while (release_repair(false)) {}
  auto held_back = false; // source data; that stays so until input comes
  while (out.size() - before < max && pacer_.may_continue(now)) {
    if (to_sign_) {
      send_anchor(now, out);
      continue;
    }
    const auto must_wait = must_wait_to_be_heard();
    held_back = held_back || must_wait;
    if (!must_wait && (held_back || repair_credit_ > 0)) {
      if (const auto sent = send_requested(now, max - (out.size() - before), out); sent > 0) {
        // What goes while nothing else may takes nothing from anybody.
        if (!held_back)
          repair_credit_ -= static_cast<std::int32_t>(sent);
        continue;
      }
    }
    if (held_back && !must_wait && repairs_.empty() && release_repair(true))
      continue;
    if (held_back) {
      stalled_ = true;
      pacer_.idle();
      rate_->on_held_back(now);
      break;
    }
    held_back = !(current_ ? send_source(now, out) : start_next_block(now, out));
  }
  observe_limit(now);
  return out.size() - before;
}

timestamp sender::next_event(timestamp now) const {
  if (group_.empty())
    return never;
  // Stalled: only input or the next heartbeat's look at the edge can help.
  if (paused_ || (stalled_ && next_repair_at_hand() == repairs_.blocks().size()))
    return next_heartbeat_;
  return std::min(next_heartbeat_, std::max(now, pacer_.free_at()));
}

void sender::emit(timestamp now, wire::datagram_type type, block_number block, symbol_id symbol,
                  std::span<const std::byte> payload, const_block_buffer owner, output& out) {
  wire::header h;
  h.type = type;
  h.lane = config_.lane;
  h.session_tag = config_.session_tag;
  h.packet_number = next_packet_++;
  h.block = block;
  h.symbol = symbol;
  h.payload_size = static_cast<std::uint16_t>(payload.size());
  auto bytes = payload.size() + config_.datagram_overhead;
  if (type != wire::datagram_type::control)
    bytes += config_.symbol_overhead;
  if (!group_.someone_spoke())
    blind_.spend(bytes);
  rate_->on_sent(now, h.packet_number, bytes);
  pacer_.spend(now, bytes, rate_->rate(now));
  out.push_back({h, payload, std::move(owner)});
}

void sender::send_control(timestamp now, control_body body, output& out) {
  const std::span<const std::byte> payload{*body};
  emit(now, wire::datagram_type::control, 0, 0, payload,
       const_block_buffer{std::move(body), payload.data()}, out);
  ++statistics_.control_datagrams;
}

void sender::send_heartbeat(timestamp now, output& out) {
  // Nothing left ahead: the pass is over, and says so. A receiver takes the block named as next for
  // one that it will get; it would never ask for it.
  if (!current_)
    next_.block = schedule_.next(next_.block).value_or(config_.layout.block_count());
  wire::heartbeat h;
  h.sent_at = static_cast<std::uint64_t>(now.count());
  // A block still being sent is not yet behind: nobody shall miss its symbols.
  h.next = current_ ? position{next_.pass, current_->block} : next_;
  announced_ = edge_to_announce(now);
  h.edge = announced_;
  h.grtt = std::chrono::duration_cast<microseconds>(group_.grtt());
  h.group_size = static_cast<std::uint32_t>(group_.size());
  h.status_interval = std::chrono::duration_cast<microseconds>(status_interval());
  announce_scheduled(h);
  for (const auto block : repairs_.blocks()) {
    if (h.repairing.size() == wire::max_announced_repairs)
      break;
    h.repairing.push_back({block, repairs_.owed(block)});
  }
  send_control(now, encoded(h), out);
  // On a slow path an anchor takes its time, too.
  const auto is_critical = (rate_->searches() || held_by_ == send_activity::drained)
                           && heartbeat_interval(now) <= defaults::short_anchor_interval;
  if (config_.verified && !must_wait_to_be_heard()
      && anchors_.is_due(now, next_packet_, h.next.pass, is_critical))
    to_sign_ = std::move(h);
  last_heartbeat_ = now;
  next_heartbeat_
    = now + (must_wait_to_be_heard() ? blind_.next_interval() : heartbeat_interval(now));
}

/// Right behind the heartbeat, which those who know no anchors need.
void sender::send_anchor(timestamp now, output& out) {
  wire::anchor a{wire::encode_alone(*to_sign_), next_packet_ - 1, {}};
  signer_.sign(a);
  anchors_.on_signed(now, next_packet_, to_sign_->next.pass);
  to_sign_.reset();
  send_control(now, encoded(a), out);
  ++statistics_.anchors;
}

position sender::edge_to_announce(timestamp now) const {
  // An edge that somebody holds is no edge to go beyond: nobody else needs to object to it.
  return std::min(nth_on_the_way(schedule_, next_, defaults::edge_lead),
                  group_.lowest_limit(now, consent_time(now)));
}

void sender::announce_scheduled(wire::heartbeat& h) const {
  const auto add = [&h](block_number first, std::uint64_t count) {
    h.scheduled_all = h.scheduled.size() < wire::max_scheduled_ranges;
    if (h.scheduled_all)
      h.scheduled.push_back({first, static_cast<std::uint32_t>(count)});
    return h.scheduled_all;
  };
  // The block being sent has left the schedule, yet nobody shall ask for it: it goes in its place. When somebody
  // wants it once more it is back there, and named with the others.
  constexpr auto none = unlimited.block;
  auto being_sent = current_ && !schedule_.contains(current_->block) ? current_->block : none;
  for (const auto& i : schedule_) {
    if (being_sent < i.first) {
      if (!add(being_sent, 1))
        return;
      being_sent = none;
    }
    if (!add(i.first, i.size()))
      return;
  }
  if (being_sent != none)
    add(being_sent, 1);
}

std::size_t sender::send_requested(timestamp now, std::size_t max, output& out) {
  return send_wanted_manifest(now, out) ? 1 : send_repair(now, max, out);
}

bool sender::send_wanted_manifest(timestamp now, output& out) {
  const auto block = manifests_wanted_.next(0);
  if (!block)
    return false;
  const auto end = std::min(run_end(*block), manifests_wanted_.next_gap(*block));
  remember(recent_manifests_, started{*block, next_packet_});
  send_control(now, encoded(signed_manifest(*block, end)), out);
  manifests_wanted_.erase(*block, end);
  return true;
}

wire::manifest sender::signed_manifest(block_number first, block_number end) const {
  wire::manifest m;
  m.first_block = first;
  m.digests.assign(digests_.begin() + first, digests_.begin() + end);
  signer_.sign(m);
  return m;
}

std::optional<wire::manifest> sender::manifest_of(block_number block) const {
  assert(block < config_.layout.block_count());
  if (!digest_known_[block])
    return std::nullopt;
  const auto end = known_end(block, run_end(block));
  auto first = block;
  while (first > 0 && run_end(first - 1) == run_end(block) && digest_known_[first - 1])
    --first;
  return signed_manifest(first, end);
}

const_block_buffer sender::cached(block_number block) {
  return cache_.holds(block) ? cache_.find(block) : nullptr;
}

bool sender::repeat_manifests(timestamp now, output& out) {
  --manifest_repeats_left_;
  // Of the first run nobody can have said yet that it gets lost.
  const auto is_first = next_ < position{0, defaults::manifest_run} && group_.size() >= large_group;
  if (parity_.level() == 0 && !is_first)
    return false;
  send_run_manifests(now, out);
  return !run_manifests_.empty();
}

void sender::send_run_manifests(timestamp now, output& out) {
  // A repetition is the same bytes: signing costs more than everything else about a datagram.
  for (const auto& body : run_manifests_)
    send_control(now, body, out);
}

std::size_t sender::send_repair(timestamp now, std::size_t max, output& out) {
  // Only a read brings one of them into memory, and a block leaves the queue only from here: so nothing before
  // this one is at hand the next time either.
  repairs_waiting_ = next_repair_at_hand();
  if (repairs_waiting_ == repairs_.blocks().size())
    return 0;
  const auto block = repairs_.blocks()[repairs_waiting_];
  const auto bytes = cache_.find(block);
  const auto k = config_.layout.source_symbols_of(block);
  const std::size_t symbol_size = config_.layout.symbol_size();
  const auto room = pacer_.room(now, symbol_datagram_size(), rate_->rate(now));
  const auto wanted
    = static_cast<std::uint16_t>(std::min({max, room, std::size_t{defaults::max_repair_burst}}));
  const auto burst = repairs_.take(block, wanted, next_packet_);
  last_activity_ = now;
  if (burst.first < k) {
    for (symbol_id s = burst.first; s < burst.first + burst.count; ++s)
      emit(now, wire::datagram_type::repair, block, s,
           {bytes.get() + s * symbol_size, config_.layout.symbol_bytes(block, s)}, bytes, out);
  } else {
    auto symbols = std::make_shared<std::vector<std::byte>>(burst.count * symbol_size);
    encoder_.encode({bytes.get(), k * symbol_size}, k, burst.first, burst.count, *symbols);
    for (std::uint16_t i = 0; i < burst.count; ++i)
      emit(now, wire::datagram_type::repair, block, static_cast<symbol_id>(burst.first + i),
           {symbols->data() + i * symbol_size, symbol_size},
           const_block_buffer{symbols, symbols->data()}, out);
  }
  statistics_.repair_datagrams += burst.count;
  statistics_.payload_bytes += burst.count * symbol_size;
  return burst.count;
}

bool sender::send_source(timestamp now, output& out) {
  auto& c = *current_;
  const auto size = config_.layout.symbol_bytes(c.block, c.symbol);
  emit(now, wire::datagram_type::source, c.block, c.symbol,
       {c.bytes.get() + std::size_t{c.symbol} * config_.layout.symbol_size(), size}, c.bytes, out);
  ++statistics_.source_datagrams;
  ration_.on_source();
  repair_credit_
    = std::min(repair_credit_ + defaults::repair_credit_step, defaults::max_repair_credit);
  statistics_.payload_bytes += size;
  last_activity_ = now;
  if (++c.symbol == config_.layout.source_symbols_of(c.block)) {
    add_parity(now, c.block);
    current_.reset();
  }
  return true;
}

void sender::add_parity(timestamp now, block_number block) {
  const auto patience = request_patience(group_.grtt());
  parity_.judge(now, patience, tolerated_requests(now));
  auto count = parity_.after(now, block, config_.layout.source_symbols_of(block));
  // Whoever asked for something of the last blocks of a pass would hold up the end, for those who only wait for it.
  const auto ahead = schedule_.size() - schedule_.count_below(next_.block);
  const auto rest = static_cast<double>(ahead) / blocks_a_second(now);
  if (count > 0 && rest * 1e9 < static_cast<double>(patience.count()))
    count = static_cast<std::uint16_t>(count + defaults::closing_parity);
  // Nobody can have seen anything of it yet: nothing is deducted.
  owe_parity(block, count, next_packet_ - 1);
}

void sender::owe_parity(block_number block, std::uint16_t symbols, std::uint64_t seen_packet) {
  const auto owed = repairs_.owed(block);
  if (symbols > 0
      && repairs_.request(block, symbols, seen_packet) == repair_schedule::outcome::added)
    statistics_.proactive_symbols += repairs_.owed(block) - owed;
}

double sender::blocks_a_second(timestamp now) const {
  const auto bits = 8.0 * static_cast<double>(config_.layout.source_symbols())
                    * static_cast<double>(config_.layout.symbol_size() + config_.symbol_overhead);
  return static_cast<double>(rate_->rate(now)) / bits;
}

double sender::tolerated_requests(timestamp now) const {
  return std::clamp(config_.request_budget / blocks_a_second(now), least_tolerated, most_tolerated);
}

bool sender::start_next_block(timestamp now, output& out) {
  auto block = schedule_.next(next_.block);
  if (!block) {
    if (schedule_.empty() || next_.block == 0)
      return hold_back(send_activity::drained);
    // A new pass; receivers hear of it before its first block, or they would take that for a step
    // back in the old one.
    next_ = {next_.pass + 1, 0};
    send_heartbeat(now, out);
    return true;
  }
  const position at{next_.pass, *block};
  if (at >= edge(now))
    return hold_back(send_activity::window);
  if (config_.verified && manifested_ <= at)
    return announce_run(now, *block, out);
  constexpr auto stretch = defaults::manifest_run / (defaults::manifest_repeats + 1);
  if (manifest_repeats_left_ > 0 && manifested_.block - *block <= manifest_repeats_left_ * stretch
      && repeat_manifests(now, out))
    return true;
  auto bytes = cache_.find(*block);
  if (!bytes)
    return hold_back(send_activity::content);
  held_by_.reset();
  current_ = source_cursor{*block, 0, std::move(bytes)};
  remember(recent_blocks_, started{*block, next_packet_});
  schedule_.erase(*block, *block + 1);
  next_.block = *block + 1;
  return true;
}

bool sender::hold_back(send_activity why) {
  // A way on is looked for at each heartbeat, and more often: only the first look begins a stall.
  if (held_by_ != why) {
    statistics_.window_stalls += why == send_activity::window ? 1 : 0;
    statistics_.read_stalls += why == send_activity::content ? 1 : 0;
  }
  held_by_ = why;
  return false;
}

bool sender::announce_run(timestamp now, block_number block, output& out) {
  const auto end = run_end(block);
  for (std::optional<block_number> b = block; b && *b < end; b = schedule_.next(*b + 1)) {
    if (!digest_known_[*b])
      return hold_back(send_activity::content);
  }
  run_manifests_.clear();
  manifest_repeats_left_ = defaults::manifest_repeats;
  for (std::optional<block_number> b = block; b && *b < end;) {
    const auto told_to = known_end(*b, end);
    run_manifests_.push_back(encoded(signed_manifest(*b, told_to)));
    b = schedule_.next(told_to);
  }
  send_run_manifests(now, out);
  manifested_ = {next_.pass, end};
  return true;
}

// -- what limits ----------------------------------------------------------------------------------

void sender::observe_limit(timestamp now) {
  // Leave to send that was not used up: the output takes no more.
  const auto activity = stalled_            ? held_by_.value_or(send_activity::drained)
                        : pacer_.ready(now) ? send_activity::busy
                                            : send_activity::pacing;
  if (limit_meter_.enter(now, activity))
    limit_ = find_limit(now);
}

transmission_limit sender::find_limit(timestamp now) const {
  switch (limit_meter_.verdict()) {
    case send_activity::content:
      return {limiting_factor::content, std::nullopt};
    case send_activity::busy:
      return {limiting_factor::host, std::nullopt};
    case send_activity::window:
      return limit_at(now, group_.nearest_limit());
    case send_activity::drained:
      return limit_at(now, group_.least_complete());
    case send_activity::pacing:
      break;
  }
  if (const auto slowest = rate_->slowest())
    return limit_at(now, slowest);
  return {rate_->limited_by(), std::nullopt};
}

transmission_limit sender::limit_at(timestamp now, std::optional<receiver_id> receiver) const {
  const auto m = receiver ? group_.find(*receiver) : group_.end();
  if (m == group_.end())
    return {};
  // What it said last is no longer true of it.
  if (silence(now, *receiver))
    return {limiting_factor::silent, receiver};
  const auto own = m->second.last.limited_by;
  // It knows nothing wrong on its side, and is slow: what is between remains.
  const auto nothing_known = own == limiting_factor::unknown || own == limiting_factor::sender;
  return {nothing_known ? limiting_factor::network : own, receiver};
}

// -- derived --------------------------------------------------------------------------------------

block_number sender::run_end(block_number block) const noexcept {
  constexpr auto run = static_cast<block_number>(defaults::manifest_run);
  return std::min(block / run * run + run, config_.layout.block_count());
}

/// The end of the blocks from `first` on, and before `end`, whose digests are known.
block_number sender::known_end(block_number first, block_number end) const {
  while (first < end && digest_known_[first])
    ++first;
  return first;
}

position sender::edge(timestamp now) const {
  return group_.edge(now, consent_time(now), announced_);
}

/// Of UDP payload, as the pacer counts it.
std::size_t sender::symbol_datagram_size() const noexcept {
  return config_.layout.symbol_size() + config_.symbol_overhead + config_.datagram_overhead;
}

duration sender::heartbeat_interval(timestamp now) const {
  if (now - last_activity_ > defaults::idle_after)
    return defaults::idle_heartbeat_interval;
  const auto datagram = time_of(symbol_datagram_size(), rate_->rate(now));
  return std::clamp<duration>(datagram * defaults::datagrams_per_heartbeat,
                              defaults::heartbeat_interval, defaults::idle_heartbeat_interval);
}

duration sender::status_interval() const {
  return status_interval(rate_->searches() ? defaults::search_status_factor : 1);
}

duration sender::status_interval(std::int64_t times) const {
  const auto budget = std::int64_t{config_.status_budget} * times;
  const auto share = duration{seconds(1)} * static_cast<std::int64_t>(group_.size()) / budget;
  return std::clamp<duration>(share, defaults::min_status_interval, defaults::max_status_interval);
}

duration sender::consent_time(timestamp now) const {
  return defaults::consent_heartbeats * heartbeat_interval(now) + 2 * group_.grtt();
}

/// Which of `repairs_.blocks()` comes first among those in memory; their number if none is.
std::size_t sender::next_repair_at_hand() const {
  const auto& blocks = repairs_.blocks();
  auto i = repairs_waiting_;
  while (i < blocks.size() && !cache_.holds(blocks[i]))
    ++i;
  return i;
}

void sender::hasten_heartbeat(timestamp now) {
  if (must_wait_to_be_heard())
    return;
  // Announcing at once what will be repaired spares the requests of those who still wait. But not for
  // each of a thousand that ask or join together.
  next_heartbeat_
    = std::min(next_heartbeat_, std::max(now, last_heartbeat_ + defaults::reorder_delay));
}

bool sender::validate() const {
  const auto count = config_.layout.block_count();
  const auto in_range = schedule_.empty() || schedule_.contains(schedule_.begin()->first);
  const auto last = schedule_.empty() ? 0 : (schedule_.end() - 1)->last;
  const auto wanted_are_known
    = std::all_of(manifests_wanted_.begin(), manifests_wanted_.end(),
                  [this](const auto& i) { return known_end(i.first, i.last) == i.last; });
  const auto& repairs = repairs_.blocks();
  const auto none_forgotten
    = repairs_waiting_ <= repairs.size()
      && std::none_of(repairs.begin(),
                      repairs.begin() + static_cast<std::ptrdiff_t>(repairs_waiting_),
                      [this](block_number b) { return cache_.holds(b); });
  return in_range && none_forgotten && liveness_.validate() && ration_.validate()
         && schedule_.validate() && manifests_wanted_.validate() && wanted_are_known
         && repairs_.validate() && last <= count && next_.block <= count
         && (!current_ || !schedule_.contains(current_->block) || current_->symbol > 0);
}

} // namespace fleetcast::protocol
