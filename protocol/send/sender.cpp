#include "protocol/send/sender.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"
#include "protocol/wire/data_codec.hpp"

#include <algorithm>
#include <utility>

namespace fleetcast::protocol {

namespace {

/// Shares of blocks that may be asked for after their proactive parity: less would take more symbols than it
/// saves, more would save none.
constexpr double least_tolerated = 0.05;
constexpr double most_tolerated = 0.5;

/// When everybody who lacks something of a block will have said so: back-off, its way, and as much again.
constexpr duration request_patience(duration grtt) noexcept {
  return defaults::nack_backoff_factor * grtt + 2 * grtt + defaults::reorder_delay;
}

template <class Message>
std::shared_ptr<const wire::message_bytes> encoded(const Message& message) {
  return std::make_shared<const wire::message_bytes>(wire::encode(message));
}

} // namespace

sender::sender(const sender_config& config, std::unique_ptr<rate_controller> rate,
               const wire::manifest_signer& signer)
  : config_(config),
    rate_(std::move(rate)),
    signer_(signer),
    liveness_(config.layout),
    heartbeats_(config.status_budget),
    manifests_(config.layout.block_count(), signer),
    cache_(config.cache_blocks),
    reads_(cache_, config.cache_blocks),
    encoder_(config.layout.symbol_size()),
    repairs_(config.layout),
    parity_(config.layout.source_symbols()),
    schedule_(defaults::max_schedule_intervals) {
  REQUIRE(rate_ != nullptr);
  REQUIRE(config.request_budget > 0);
  const auto fits = schedule_.insert(0, config_.layout.block_count());
  ENSURE(fits, config_.layout.block_count());
}

// -- group ----------------------------------------------------------------------------------------

void sender::add_receiver(timestamp now, receiver_id id, std::uint32_t cache_blocks, bool resumes) {
  REQUIRE(!group_.contains(id), id);
  begin_turn(now);
  if (!std::exchange(has_had_receivers_, true) && resumes)
    schedule_.clear();
  // One block at least: a receiver that never completes it holds up nobody who does.
  group_.add(now, id, nth_on_the_way(schedule_, next_, std::max(cache_blocks, 1U)));
  ration_.add(id);
  group_.waive(id, !liveness_.add(now, id, traffic()));
  rate_->on_receiver_joined(now, id);
  heartbeats_.on_activity(now);
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
  if (const auto rtt = group_.update(now, id, message)) {
    if (waited)
      heartbeats_.send_at_once(now);
    take_in(now, id, message, *rtt);
  }
  check_self_(*this);
  return true;
}

void sender::take_in(timestamp now, receiver_id id, const wire::feedback& message, duration rtt) {
  ++statistics_.feedback_messages;
  apply(now, liveness_.on_report(now, id, message, group_.find(id)->second.deaf, traffic()));
  ration_.on_report(id, std::min(message.lost_packets + message.dropped_no_room, next_packet_ - 1));
  if (liveness_.paces(id))
    rate_->on_feedback(now, id, message, rtt);
  if (liveness_.counts(id) && !liveness_.hears_hardly_anything(id))
    learn_loss(message);
  if (!message.repairs.empty() || !message.wanted.empty() || !message.manifests.empty())
    merge(now, id, message);
}

void sender::merge(timestamp now, receiver_id id, const wire::feedback& message) {
  heartbeats_.on_activity(now);
  merge_repairs(id, message);
  for (const auto& more : parity_.take_top_ups())
    owe_parity(more.block, more.symbols, message.highest_packet);
  merge_wanted(id, message);
  if (config_.verified)
    statistics_.schedule_overflows += manifests_.request(message, schedule_);
  if (!ration_.exceeded(id) && liveness_.paces(id))
    hasten_heartbeat(now);
}

void sender::learn_loss(const wire::feedback& message) {
  // One that claims more than was sent says nothing.
  const auto sent = std::min(message.highest_packet, next_packet_ - 1);
  if (message.received_packets <= sent && message.lost_packets <= sent - message.received_packets)
    parity_.on_report(message.received_packets, message.lost_packets);
}

std::vector<receiver_id> sender::take_silent(timestamp now) {
  begin_turn(now);
  auto result = group_.silent(now, silence_limit());
  for (const auto id : result)
    remove_receiver(now, id);
  return result;
}

duration sender::silence_limit() const {
  // In a large group everybody speaks rarely; as rarely, for a while, when a search has just begun.
  return std::max<duration>(defaults::receiver_silence_limit, 4 * unhurried_status_interval());
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
  return group_.silence(now, id, unhurried_status_interval());
}

// -- who gets on ----------------------------------------------------------------------------------

void sender::begin_turn(timestamp now) {
  const auto passed = now - last_turn_.value_or(now);
  last_turn_ = now;
  if (passed > defaults::own_gap) {
    group_.excuse(now, passed);
    liveness_.excuse(now, passed);
  } else if (stall_ == send_activity::window && !paused_) {
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
    auto on_the_way = recent_blocks_.all_after(message.highest_packet, r.first, end);
    std::erase_if(on_the_way, [this](block_number b) { return schedule_.contains(b); });
    const auto before = schedule_.size();
    if (!schedule_.insert(r.first, end))
      ++statistics_.schedule_overflows;
    for (const auto block : on_the_way)
      schedule_.erase(block, block + 1);
    liveness_.charge(from, (schedule_.size() - before) * k);
  }
}

// -- content --------------------------------------------------------------------------------------

std::vector<block_number> sender::take_reads() {
  if (group_.empty())
    return {};
  auto result = reads_.plan(schedule_, next_.block, repairs_.blocks());
  // Last those of which only the digest is asked for: they take no place in the cache.
  const auto unread = manifests_.take_reads(defaults::max_digest_reads);
  statistics_.digest_reads += unread.size();
  result.insert(result.end(), unread.begin(), unread.end());
  return result;
}

failure sender::on_block(block_number number, const_block_buffer bytes,
                         const wire::digest& digest) {
  REQUIRE(number < config_.layout.block_count(), number, config_.layout.block_count());
  if (config_.verified && !manifests_.learn(number, digest))
    return {failure_code::object_changed, 0,
            "block " + std::to_string(number)
              + " reads differently than before: the object was changed while it was being sent; "
                "request it again once it is at rest"};
  cache_.put(number, std::move(bytes));
  if (repairs_.owed(number) > 0)
    repairs_waiting_ = 0; // it may be one of those
  return {};
}

bool sender::know(std::span<const digest_run> runs) {
  for (const auto& run : runs)
    REQUIRE(run.end() <= config_.layout.block_count(), run.end(), config_.layout.block_count());
  const auto agrees = !config_.verified || manifests_.know(runs);
  check_self_(*this);
  return agrees;
}

// -- steering -------------------------------------------------------------------------------------

void sender::pause(timestamp now, bool paused) noexcept {
  paused_ = paused;
  // What goes on is told at once: receivers measure their patience by it.
  heartbeats_.send_at_once(now);
}

void sender::set_rate_controller(std::unique_ptr<rate_controller> rate) {
  REQUIRE(rate != nullptr);
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
  if (heartbeats_.is_due(now))
    send_heartbeat(now, out);
  if (to_sign_ && out.size() - before < max)
    send_anchor(now, out);
  if (paused_) {
    pacer_.idle();
    stall_ = held_by_; // a pause clears nothing out of the way
  } else if (pacer_.ready(now)) {
    stall_ = send_batch(now, before + max, out);
    observe_limit(now);
  } else {
    stall_.reset();
  }
  check_self_(*this);
  return out.size() - before;
}

/// Until there are `full` of them, or the pace is kept up with. If nothing more may be sent before: returns what source data
/// waits for.
std::optional<send_activity> sender::send_batch(timestamp now, std::size_t full, output& out) {
  while (release_repair(false)) {}
  auto held_back = false; // source data; that stays so until input comes
  while (out.size() < full && pacer_.may_continue(now)) {
    if (to_sign_) {
      send_anchor(now, out);
      continue;
    }
    const auto must_wait = must_wait_to_be_heard();
    held_back = held_back || must_wait;
    if (!must_wait && (held_back || repair_credit_ > 0)) {
      if (const auto sent = send_requested(now, full - out.size(), out); sent > 0) {
        // What goes while nothing else may takes nothing from anybody.
        if (!held_back)
          repair_credit_ -= static_cast<std::int32_t>(sent);
        continue;
      }
    }
    if (held_back && !must_wait && repairs_.empty() && release_repair(true))
      continue;
    if (held_back) {
      pacer_.idle();
      rate_->on_held_back(now);
      // While it must wait to be heard it does not search: what it ran into before still counts.
      return held_by_.value_or(send_activity::drained);
    }
    held_back = !(current_ ? send_source(now, out) : start_next_block(now, out));
  }
  return std::nullopt;
}

timestamp sender::next_event(timestamp now) const {
  if (group_.empty())
    return never;
  // Stalled: only input or the next heartbeat's look at the edge can help. While nobody was heard repairs wait, too.
  const auto has_repair
    = !must_wait_to_be_heard() && next_repair_at_hand() < repairs_.blocks().size();
  if (paused_ || (stall_ && !has_repair))
    return heartbeats_.next();
  return std::min(heartbeats_.next(), std::max(now, pacer_.free_at()));
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

void sender::send_control(timestamp now, manifest_schedule::body body, output& out) {
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
  const auto being_sent = current_ ? std::optional{current_->block} : std::nullopt;
  auto h = heartbeats_.compose(now, {schedule_, next_, being_sent}, group_, repairs_, pace(now));
  send_control(now, encoded(h), out);
  // On a slow path an anchor takes its time, too.
  const auto interval = heartbeats_.interval(now, pace(now));
  const auto is_critical = (rate_->searches() || held_by_ == send_activity::drained)
                           && interval <= defaults::short_anchor_interval;
  if (config_.verified && !must_wait_to_be_heard()
      && anchors_.is_due(now, next_packet_, h.next.pass, is_critical))
    to_sign_ = std::move(h);
  heartbeats_.on_sent(now, must_wait_to_be_heard() ? blind_.next_interval() : interval);
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

std::size_t sender::send_requested(timestamp now, std::size_t max, output& out) {
  return send_wanted_manifest(now, out) ? 1 : send_repair(now, max, out);
}

bool sender::send_wanted_manifest(timestamp now, output& out) {
  auto body = manifests_.take_requested(next_packet_);
  if (!body)
    return false;
  send_control(now, std::move(body), out);
  return true;
}

std::optional<wire::manifest> sender::manifest_of(block_number block) const {
  REQUIRE(block < config_.layout.block_count(), block, config_.layout.block_count());
  return manifests_.find(block);
}

const_block_buffer sender::cached(block_number block) {
  return cache_.holds(block) ? cache_.find(block) : nullptr;
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
  heartbeats_.on_activity(now);
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
  heartbeats_.on_activity(now);
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
  if (config_.verified && !manifests_.is_announced(at))
    return announce_run(now, at, out);
  if (send_manifests(now, manifests_.take_repeats(at, group_.size(), parity_.level() > 0), out))
    return true;
  auto bytes = cache_.find(*block);
  if (!bytes)
    return hold_back(send_activity::content);
  held_by_.reset();
  current_ = source_cursor{*block, 0, std::move(bytes)};
  recent_blocks_.add(*block, next_packet_);
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

bool sender::announce_run(timestamp now, position at, output& out) {
  if (!manifests_.is_run_known(at.block, schedule_))
    return hold_back(send_activity::content);
  return send_manifests(now, manifests_.announce(at, schedule_), out);
}

bool sender::send_manifests(timestamp now, std::span<const manifest_schedule::body> all,
                            output& out) {
  for (const auto& body : all)
    send_control(now, body, out);
  return !all.empty();
}

// -- what limits ----------------------------------------------------------------------------------

void sender::observe_limit(timestamp now) {
  // Leave to send that was not used up: the output takes no more.
  const auto activity = stall_              ? *stall_
                        : pacer_.ready(now) ? send_activity::busy
                                            : send_activity::pacing;
  if (limit_meter_.enter(now, activity))
    limit_ = find_limit(now, limit_meter_.verdict(), group_, *rate_, unhurried_status_interval());
}

// -- derived --------------------------------------------------------------------------------------

position sender::edge(timestamp now) const {
  return group_.edge(now, consent_time(now), heartbeats_.announced_edge());
}

/// Of UDP payload, as the pacer counts it.
std::size_t sender::symbol_datagram_size() const noexcept {
  return config_.layout.symbol_size() + config_.symbol_overhead + config_.datagram_overhead;
}

heartbeat_schedule::pace sender::pace(timestamp now) const {
  // A host that cannot send as fast as it may is not sped up by denser reports, which cost it and everybody processor time.
  const auto is_busy = limit_meter_.verdict() == send_activity::busy;
  return {time_of(symbol_datagram_size(), rate_->rate(now)), rate_->searches() && !is_busy};
}

duration sender::unhurried_status_interval() const {
  return heartbeats_.status_interval(group_.size(), false);
}

duration sender::consent_time(timestamp now) const {
  return heartbeats_.consent_time(now, pace(now), group_.grtt());
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
  if (!must_wait_to_be_heard())
    heartbeats_.hasten(now);
}

bool sender::validate() const {
  const auto count = config_.layout.block_count();
  const auto in_range = schedule_.empty() || schedule_.contains(schedule_.begin()->first);
  const auto last = schedule_.empty() ? 0 : (schedule_.end() - 1)->last;
  const auto& repairs = repairs_.blocks();
  const auto none_forgotten
    = repairs_waiting_ <= repairs.size()
      && std::none_of(repairs.begin(),
                      repairs.begin() + static_cast<std::ptrdiff_t>(repairs_waiting_),
                      [this](block_number b) { return cache_.holds(b); });
  return in_range && none_forgotten && liveness_.validate() && ration_.validate()
         && cache_.validate() && schedule_.validate() && manifests_.validate()
         && repairs_.validate() && last <= count && next_.block <= count
         && (!current_ || !schedule_.contains(current_->block) || current_->symbol > 0);
}

} // namespace fleetcast::protocol
