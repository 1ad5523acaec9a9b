#include "protocol/receive/receiver.hpp"

#include "protocol/defaults.hpp"
#include "protocol/require.hpp"
#include "protocol/wire/block_digest.hpp"
#include "protocol/wire/data_codec.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace fleetcast::protocol {

namespace {

/// The largest datagram that the object's symbols travel in.
std::size_t full_datagram(const geometry& layout, std::size_t overhead) {
  return wire::header_size + std::min<std::uint64_t>(layout.symbol_size(), layout.object_size())
         + overhead;
}

} // namespace

receiver_statistics& receiver_statistics::operator+=(const receiver_statistics& other) noexcept {
  static constexpr std::uint64_t receiver_statistics::*counters[]
    = {&receiver_statistics::datagrams,
       &receiver_statistics::control,
       &receiver_statistics::bytes,
       &receiver_statistics::bytes_proven,
       &receiver_statistics::blocks_proven,
       &receiver_statistics::blocks_refuted,
       &receiver_statistics::source_symbols,
       &receiver_statistics::repair_symbols,
       &receiver_statistics::repaired_symbols,
       &receiver_statistics::lost_packets,
       &receiver_statistics::kernel_drops,
       &receiver_statistics::requests_sent,
       &receiver_statistics::requests_suppressed,
       &receiver_statistics::statuses_sent,
       &receiver_statistics::digest_failures,
       &receiver_statistics::signature_failures,
       &receiver_statistics::contradictions,
       &receiver_statistics::leaves_fetched};
  static_assert(sizeof(receiver_statistics)
                == sizeof counters / sizeof counters[0] * sizeof(std::uint64_t) + sizeof drops);
  for (const auto counter : counters)
    this->*counter += other.*counter;
  for (std::size_t i = 0; i < drops.size(); ++i)
    drops[i] += other.drops[i];
  return *this;
}

receiver::receiver(const receiver_config& config, block_allocator& memory, timestamp now)
  : config_(config),
    memory_(memory),
    opener_(config.suite, config.group_key),
    sealer_(config.suite, config.receiver_key),
    verifier_(config.signing_key, config.transmission),
    decoder_(config.layout.symbol_size()),
    signatures_(now),
    blocks_(config.layout, 2 * memory.capacity() + 2 * defaults::manifest_capacity,
            config.keeps_digests),
    last_heard_(now),
    liveness_(full_datagram(config.layout, opener_.overhead()), config.lower_headers, now),
    feedback_(config.seed,
              address_proof{config.knows_feedback_address, config.first_feedback_packet}, now),
    next_packet_(config.first_feedback_packet),
    limit_meter_(now) {
  REQUIRE(memory.capacity() > 0);
}

// -- datagrams ------------------------------------------------------------------------------------

void receiver::on_datagram(timestamp now, std::span<const std::byte> datagram,
                           datagram_origin origin) {
  if (failure_)
    return;
  is_suspicious_ = suspicion_.is_active(now);
  liveness_.turn(now);
  const auto h = wire::decode(datagram, opener_.overhead());
  if (!h)
    return count(h.error());
  if (const auto reason = check(*h, origin))
    return count(*reason);
  if (h->type == wire::datagram_type::control)
    on_control(now, *h, datagram, origin);
  else
    on_symbol(now, *h, datagram);
  check_self_(*this);
}

std::optional<wire::drop_reason> receiver::check(const wire::header& h,
                                                 datagram_origin origin) const {
  if (h.session_tag != config_.session_tag)
    return drop::wrong_session;
  if (h.lane != config_.lane)
    return drop::wrong_lane;
  if (!fits_geometry(h))
    return drop::out_of_range;
  if (origin == datagram_origin::elsewhere && is_server_told_ && suspicion_.raised() > 0)
    return drop::from_elsewhere;
  if (!replay_.is_new(h.packet_number) && !may_be_made_up(h))
    return drop::replayed;
  return std::nullopt;
}

bool receiver::fits_geometry(const wire::header& h) const noexcept {
  // Control bodies are made to fit a default symbol, however small the object's own are.
  if (h.type == wire::datagram_type::control)
    return h.payload_size <= std::max(config_.layout.symbol_size(), defaults::symbol_size);
  if (h.block >= config_.layout.block_count())
    return false;
  if (h.symbol < config_.layout.source_symbols_of(h.block))
    return h.payload_size == config_.layout.symbol_bytes(h.block, h.symbol);
  // Only the type `repair` may carry a repair symbol; it may carry a source symbol, sent again.
  return h.type == wire::datagram_type::repair && h.symbol < defaults::max_encoding_symbols
         && h.payload_size == config_.layout.symbol_size();
}

bool receiver::open(timestamp now, const wire::header& h, std::span<const std::byte> datagram,
                    std::span<std::byte> out) {
  if (!opener_.open(h, datagram, out)) {
    count(drop::forged);
    return false;
  }
  replay_.accept(h.packet_number);
  last_heard_ = now;
  liveness_.heard(h.packet_number, datagram.size());
  ++statistics_.datagrams;
  statistics_.lost_packets = replay_.counts().lost;
  return true;
}

void receiver::on_symbol(timestamp now, const wire::header& h,
                         std::span<const std::byte> datagram) {
  if (blocks_.is_completed(h.block))
    return open_and_forget(now, h, datagram, drop::duplicate);
  auto& begun = blocks_.begun();
  auto i = begun.find(h.block);
  if (i != begun.end()) {
    if (i->second.symbols.whole() || i->second.symbols.holds(h.symbol))
      return open_and_forget(now, h, datagram, drop::duplicate);
    return store(now, i, h, datagram);
  }
  // What is wrong with it its manifest tells, not its symbols.
  if (blocks_.held().contains(h.block))
    return open_and_forget(now, h, datagram, drop::duplicate);
  // A repair symbol alone does not open a block: it would take memory to save one symbol of k.
  if (h.type == wire::datagram_type::source)
    i = begin_assembly(h.block);
  if (i == begun.end())
    return open_and_forget(now, h, datagram, drop::no_room);
  store(now, i, h, datagram);
}

void receiver::store(timestamp now, assemblies::iterator block, const wire::header& h,
                     std::span<const std::byte> datagram) {
  auto& a = block->second;
  if (!open(now, h, datagram, a.symbols.place(h.symbol))) {
    // Forgeries must not hold memory.
    if (a.symbols.count() == 0)
      blocks_.abandon(block);
    return;
  }
  a.symbols.commit(h.symbol, h.payload_size);
  liveness_.got_on();
  if (h.symbol < config_.layout.source_symbols_of(h.block))
    ++statistics_.source_symbols;
  else
    ++statistics_.repair_symbols;
  if (shows_position(h))
    saw_source(now, h.block);
  if (h.type == wire::datagram_type::source && h.packet_number > pass_began_)
    a.pass = seen_.pass;
  if (a.symbols.whole())
    try_complete(now, block);
}

void receiver::open_and_forget(timestamp now, const wire::header& h,
                               std::span<const std::byte> datagram, drop reason) {
  // Opened all the same: only an authentic datagram may count as received or move the position.
  scratch_.resize(h.payload_size);
  if (!open(now, h, datagram, scratch_))
    return;
  count(reason);
  if (reason == drop::no_room && h.type == wire::datagram_type::source)
    plan_status(now);
  if (shows_position(h))
    saw_source(now, h.block);
}

/// The end of the begun ones if there is no room for another.
assemblies::iterator receiver::begin_assembly(block_number block) {
  if (!blocks_.may_begin())
    return blocks_.begun().end();
  auto memory = memory_.allocate();
  if (!memory && is_suspicious_)
    memory = make_room(block);
  if (!memory)
    return blocks_.begun().end();
  return blocks_.begin(block, std::move(memory));
}

void receiver::on_control(timestamp now, const wire::header& h, std::span<const std::byte> datagram,
                          datagram_origin origin) {
  // It counts as a replay; what it says is looked at all the same, since its number may have been made up before.
  const auto is_repeat = !replay_.is_new(h.packet_number);
  scratch_.resize(h.payload_size);
  if (!open(now, h, datagram, scratch_))
    return;
  if (is_repeat)
    count(drop::replayed);
  else
    ++statistics_.control;
  const auto message = wire::decode_group_message(scratch_);
  if (!message)
    return count(drop::malformed);
  const auto pass = seen_.pass;
  if (const auto* a = std::get_if<wire::anchor>(&*message))
    on_message(now, h.packet_number, *a, origin);
  else if (const auto* m = std::get_if<wire::manifest>(&*message))
    on_message(now, *m);
  else
    on_message(now, std::get<wire::heartbeat>(*message));
  if (seen_.pass != pass)
    pass_began_ = h.packet_number;
}

void receiver::on_message(timestamp now, const wire::heartbeat& message) {
  const auto count_of_blocks = config_.layout.block_count();
  if (message.next.block > count_of_blocks)
    return count(drop::out_of_range);
  // Heartbeats replace one another; one that was overtaken is worthless.
  if (beat_ && message.sent_at <= beat_->sent_at)
    return;
  if (is_believable(now, message))
    take_heartbeat(now, paced_by_anchor(message));
}

void receiver::take_heartbeat(timestamp now, const wire::heartbeat& message) {
  const auto was_deaf = beat_.is_deaf(now);
  if (beat_ && (message.next != beat_->next || message.repairing != beat_->repairing))
    liveness_.sender_moved();
  beat_.take(now, message);
  // Thousands that join together shall not all speak at once.
  if (was_deaf)
    feedback_.introduce(now, beat_);
  shortfall_.on_heartbeat(message, config_.layout.block_count());
  auto& begun = blocks_.begun();
  for (auto& [block, a] : begun)
    a.announced = 0;
  for (const auto& r : message.repairing)
    if (const auto i = begun.find(r.block); i != begun.end())
      i->second.announced = r.symbols;
  advance_to(now, message.next);
  plan_request(now);
  feedback_.plan_objection(now, limit(), beat_);
}

void receiver::on_message(timestamp now, const wire::manifest& message) {
  const auto blocks = config_.layout.block_count();
  if (message.first_block >= blocks || message.digests.size() > blocks - message.first_block)
    return count(drop::out_of_range);
  const auto end = message.first_block + static_cast<block_number>(message.digests.size());
  bool news = false;
  for (auto block = message.first_block; block < end && !news; ++block)
    news = blocks_.is_news(block);
  if (!news)
    return;
  if (config_.anchored && !signatures_.take(now)) {
    unchecked_.put(message);
    if (unchecked_.has_lost_some())
      next_fetch_
        = std::min(next_fetch_, std::max(now, manifests_fetched_at_ + defaults::fetch_pause));
    auto& begun = blocks_.begun();
    for (auto block = message.first_block; block < end; ++block)
      if (const auto i = begun.find(block); i != begun.end() && i->second.restored)
        look_in_pool(now, i);
    return;
  }
  if (verifier_.verify(message))
    return take_manifest(now, message);
  ++statistics_.signature_failures;
  if (config_.anchored)
    suspect(now);
  else if (statistics_.signature_failures > defaults::max_signature_failures)
    failure_ = {failure_code::signature_invalid, 0,
                "digests keep arriving with a signature that is not the server's: a member of "
                "the group forges them, or the server's identity changed while it was sending"};
}

/// Its signature fits.
void receiver::take_manifest(timestamp now, const wire::manifest& message) {
  const auto end = message.first_block + static_cast<block_number>(message.digests.size());
  auto& begun = blocks_.begun();
  bool tells_of_held = false;
  for (auto block = message.first_block; block < end; ++block) {
    if (!blocks_.is_news(block))
      continue;
    const auto& digest = message.digests[block - message.first_block];
    if (blocks_.held().is_untold(block)) {
      tells_of_held = true;
      shortfall_.on_proof(now);
      liveness_.got_on();
      on_verdict(now, block, blocks_.on_told(block, digest));
      continue;
    }
    blocks_.announce(block, digest);
    if (const auto i = begun.find(block); i != begun.end() && i->second.symbols.whole())
      try_complete(now, i);
  }
  // There may be blocks to ask for now, or manifests of further ones.
  if (tells_of_held)
    plan_request(now);
}

bool receiver::shows_position(const wire::header& h) const noexcept {
  if (is_suspicious_)
    return false;
  // One that was overtaken by the news of a new pass belongs to the pass before.
  return h.type == wire::datagram_type::source && h.packet_number > pass_began_;
}

void receiver::saw_source(timestamp now, block_number block) {
  // What it passed by that never arrived is lacking from here on.
  if (block >= seen_.block)
    shortfall_.on_passed(seen_.block, block);
  advance_to(now, {seen_.pass, block});
}

void receiver::advance_to(timestamp now, position at) {
  if (at <= seen_)
    return;
  seen_ = at;
  plan_request(now);
  plan_status(now);
}

// -- blocks ---------------------------------------------------------------------------------------

void receiver::try_complete(timestamp now, assemblies::iterator block) {
  const auto number = block->first;
  auto& a = block->second;
  if (!a.restored) {
    statistics_.repaired_symbols += a.symbols.restore(decoder_);
    a.restored = true;
  }
  const auto size = config_.layout.size_of(number);
  if (config_.verified) {
    const auto* expected = blocks_.digests().find(number);
    if (expected == nullptr)
      return look_in_pool(now, block) ? void() : plan_request(now);
    if (wire::digest_of({a.symbols.memory().get(), size}) != *expected)
      return refuse(now, block);
  }
  ready_.push_back({number, config_.layout.offset_of(number), static_cast<std::uint32_t>(size),
                    a.symbols.memory()});
  blocks_.complete(block);
  statistics_.bytes += size;
  on_completed(now);
}

/// Blocks became complete: one, or several at once.
void receiver::on_completed(timestamp now) {
  if (complete())
    feedback_.report_soon(now, beat_);
}

void receiver::require(timestamp now, wire::block_range blocks) {
  const auto completed = blocks_.completed_count();
  blocks_.require(blocks);
  if (blocks_.completed_count() != completed)
    on_completed(now);
  plan_status(now);
}

void receiver::refuse(timestamp now, assemblies::iterator block) {
  auto& a = block->second;
  ++statistics_.digest_failures;
  suspect(now);
  if (config_.fetches) {
    a.mend.emplace(block->first, config_.layout.size_of(block->first),
                   *blocks_.digests().find(block->first));
    next_fetch_ = now;
    return;
  }
  a.empty_out();
  if (statistics_.digest_failures > defaults::max_digest_failures)
    failure_ = {failure_code::content_corrupt, 0,
                "blocks keep failing their digest, the last one at offset "
                  + std::to_string(config_.layout.offset_of(block->first))
                  + ": a member of the group sends forged symbols, or memory is failing"};
}

// -- blocks held ----------------------------------------------------------------------------------

void receiver::hold(wire::block_range blocks) {
  REQUIRE(config_.verified);
  blocks_.hold(blocks);
}

void receiver::on_held(timestamp now, block_number block,
                       const std::optional<wire::digest>& found) {
  if (!blocks_.held().is_unread(block))
    return;
  on_verdict(now, block, blocks_.on_read(block, found));
  plan_request(now);
}

/// The ledger has already moved the block.
void receiver::on_verdict(timestamp now, block_number block, held_blocks::verdict verdict) {
  if (verdict == held_blocks::verdict::proven)
    on_proven(now, block);
  else if (verdict == held_blocks::verdict::refuted)
    on_refuted(block);
}

void receiver::on_proven(timestamp now, block_number block) {
  // The consumer has what was carried over, and it was counted then.
  if (!blocks_.is_carried_over(block)) {
    proven_.push_back(block);
    ++statistics_.blocks_proven;
    statistics_.bytes_proven += config_.layout.size_of(block);
  }
  on_completed(now);
}

void receiver::on_refuted(block_number block) {
  if (!blocks_.is_carried_over(block)) {
    ++statistics_.blocks_refuted;
    return;
  }
  if (failure_) // the first difference tells enough
    return;
  failure_
    = {failure_code::object_changed, 0,
       "what came before the server went away is not what it sends now (block "
         + std::to_string(block) + ", offset " + std::to_string(config_.layout.offset_of(block))
         + "): the object was changed meanwhile. Start again to get the new one"};
}

void receiver::carry_over(timestamp now, const receiver& earlier) {
  REQUIRE(config_.verified && earlier.config_.verified);
  REQUIRE(earlier.ready_.empty() && earlier.proven_.empty());
  blocks_.carry_over(earlier.blocks_);
  require(now, earlier.blocks_.wanted());
}

std::vector<verified_block> receiver::take_blocks() {
  return std::exchange(ready_, {});
}

// -- feedback -------------------------------------------------------------------------------------

shortfall::holdings receiver::holdings() const {
  return {blocks_.begun(), blocks_.untouched(), blocks_.held().untold(), blocks_.digests(), beat_,
          limit()};
}

void receiver::plan_request(timestamp now) {
  // Whoever does not know yet how many others there are would not wait as long as it takes them.
  if (!beat_ || feedback_.is_request_planned())
    return;
  const auto have = holdings();
  if (shortfall_.lacks_anything(now, seen_, have))
    feedback_.plan_request(now, seen_, shortfall_.asks_again(now, seen_, have), beat_);
}

void receiver::plan_status(timestamp now) {
  if (beat_)
    feedback_.plan_status(now, limit(), memory_.capacity(), beat_);
}

wire::feedback receiver::status(timestamp now) const {
  wire::feedback m;
  if (beat_) {
    m.echo_sent_at = beat_->sent_at;
    m.echo_held = now - beat_.at();
  }
  const auto counts = reported_counts();
  m.highest_packet = counts.highest;
  m.received_packets = counts.received;
  m.received_control = static_cast<std::uint32_t>(std::min<std::uint64_t>(
    {statistics_.control, counts.received, std::numeric_limits<std::uint32_t>::max()}));
  m.lost_packets = counts.lost;
  m.limit = limit();
  m.free_blocks = static_cast<std::uint32_t>(memory_.available());
  m.completed_blocks = blocks_.completed_count();
  m.dropped_no_room = statistics_.drops[static_cast<std::size_t>(drop::no_room)];
  m.dropped_by_kernel = statistics_.kernel_drops;
  m.limited_by = limit_meter_.factor();
  return m;
}

bool receiver::consumer_fills_cache() const {
  const auto capacity = memory_.capacity();
  const auto free = memory_.available();
  const auto with_consumer = capacity - std::min(capacity, free + blocks_.begun().size());
  return free <= capacity / 8 && with_consumer >= capacity / 2;
}

void receiver::observe_limit(timestamp now) {
  const auto counts = reported_counts();
  limit_meter_.observe(
    now, {consumer_fills_cache(), counts.received, counts.lost, statistics_.kernel_drops});
}

bool receiver::take_feedback(timestamp now, std::vector<std::byte>& out) {
  is_suspicious_ = suspicion_.is_active(now);
  observe_limit(now);
  const auto due = feedback_.find_due(now);
  if (failure_ || !due)
    return false;
  auto message = status(now);
  const auto asks = due.request && add_requests(now, message);
  if (!due.status && !asks)
    return false;
  seal(message, out);
  ++statistics_.statuses_sent;
  feedback_.on_sent(now, message.limit, beat_);
  return true;
}

bool receiver::add_requests(timestamp now, wire::feedback& message) {
  feedback_.end_request();
  const auto have = holdings();
  if (!shortfall_.ask(now, feedback_.planned_at(), have, blocks_.begun(), feedback_.most_entries(),
                      message)) {
    ++statistics_.requests_suppressed;
    return false;
  }
  ++statistics_.requests_sent;
  liveness_.asked();
  return true;
}

void receiver::seal(const wire::feedback& message, std::vector<std::byte>& out) {
  const auto body = wire::encode(message);
  wire::header h;
  h.type = wire::datagram_type::control;
  h.lane = config_.lane;
  h.session_tag = config_.session_tag;
  h.packet_number = next_packet_++;
  h.block = config_.receiver_id;
  out.resize(wire::header_size + body.size() + sealer_.overhead());
  sealer_.seal(h, body, out);
}

void receiver::on_kernel_drops(std::uint64_t total) noexcept {
  statistics_.kernel_drops = total;
}

void receiver::on_room(timestamp now) {
  plan_status(now);
}

void receiver::on_time(timestamp now) {
  is_suspicious_ = suspicion_.is_active(now);
  if (!failure_ && !complete())
    failure_ = liveness_.on_time(now, consumer_fills_cache());
}

timestamp receiver::next_event() const noexcept {
  if (failure_)
    return never;
  return std::min(
    {feedback_.next_event(), next_fetch_, complete() ? never : liveness_.next_event()});
}

// -- derived --------------------------------------------------------------------------------------

std::vector<wire::block_range> receiver::missing(std::size_t max_ranges) const {
  return missing_blocks(blocks_.untouched(), blocks_.begun(), max_ranges);
}

position receiver::limit() const {
  const auto to_give_up = is_suspicious_ ? blocks_to_give_up() : 0;
  return nth_on_the_way(blocks_.untouched(), seen_, memory_.available() + to_give_up);
}

} // namespace fleetcast::protocol
