#include "actors/receive/reassembly.hpp"

#include "actors/observe/log.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Progress is for people: a few times a second is enough.
constexpr protocol::duration report_interval = protocol::milliseconds(200);

/// Of missing blocks: enough to see a pattern.
constexpr std::size_t max_ranges_shown = 16;

protocol::wire::block_range blocks_that_cover(const byte_range& bytes,
                                              const protocol::geometry& layout) {
  const auto first = std::min(bytes.first, layout.object_size());
  const auto size = std::min(bytes.size, layout.object_size() - first);
  if (size == 0)
    return {};
  const auto first_block = first / layout.block_size();
  const auto last_block = (first + size - 1) / layout.block_size();
  return {static_cast<protocol::block_number>(first_block),
          static_cast<std::uint32_t>(last_block - first_block + 1)};
}

} // namespace

reassembly_actor::behavior_type reassembly_state::make_behavior(reassembly_config config) {
  config_ = std::move(config);
  receiver_ = std::make_unique<protocol::receiver>(config_->transmission.receiver, *config_->memory,
                                                   now(self_));
  for (const auto& blocks : config_->held)
    receiver_->hold(blocks);
  begin_transmission();
  self_->monitor(config_->session);
  self_->set_down_handler([this](const caf::down_msg&) { self_->quit(); });
  // The first tick sends the first status, and completes an empty object.
  self_->send(self_, tick_atom::value);
  return {
    [this](const io::datagram_batch& batch) { take_in(batch); },
    [this](const incoming_transmission& next) { go_on_with(next); },
    [this](const byte_range& wanted) { require(wanted); },
    [this](const held_digests& found) { take_in(found); },
    [this](room_atom) {
      receiver_->on_room(now(self_));
      if (is_released())
        receiver_->report(now(self_));
      pump();
    },
    [this](const protocol::wire::fetched& part) {
      receiver_->on_fetched(now(self_), part);
      pump();
    },
    [this](const protocol::wire::feedback_state& state) {
      receiver_->on_feedback_heard(state.heard_packet);
      pump();
    },
    [this](tick_atom) {
      timer_.fired(now(self_));
      receiver_->on_time(now(self_));
      pump();
    },
    [this](status_atom) { return status(); },
  };
}

/// With the transmission that is in the configuration.
void reassembly_state::begin_transmission() {
  sources_ = told_sources{config_->transmission.sources};
  stranger_.reset();
  contradictions_ = 0;
  told_ = {};
  ended_ = false;
  reported_at_ = now(self_);
}

void reassembly_state::go_on_with(const incoming_transmission& next) {
  if (receiver_->complete())
    return;
  hand_out();
  auto receiver = std::make_unique<protocol::receiver>(next.receiver, *config_->memory, now(self_));
  receiver->carry_over(now(self_), *receiver_);
  earlier_ += receiver_->statistics();
  config_->transmission = next;
  receiver_ = std::move(receiver);
  begin_transmission();
  pump();
}

void reassembly_state::take_in(const io::datagram_batch& batch) {
  const auto at = now(self_);
  turns_.turn(at, !receiver_->complete());
  receiver_->on_kernel_drops(batch.received->kernel_drops);
  const io::udp_endpoint* last = nullptr;
  auto origin = sources_.origin_of(last);
  batch.received->for_each([&](auto datagram, const io::udp_endpoint* from) {
    if (from != last)
      origin = sources_.origin_of(last = from);
    if (from && origin == protocol::datagram_origin::elsewhere)
      stranger_ = *from;
    receiver_->on_datagram(at, datagram, origin);
    if (receiver_->statistics().contradictions != contradictions_)
      warn_of_forgery();
  });
  pump();
}

/// It may be one of the server's datagrams by which others turn out to be forged.
void reassembly_state::warn_of_forgery() {
  contradictions_ = receiver_->statistics().contradictions;
  if (std::exchange(is_forgery_told_, true))
    return;
  log(name).warn("a member of the group forges datagrams{}: they are told apart by the server's "
                 "signatures, and what they spoil is fetched over this host's own connection",
                 stranger_ ? " (some come from " + io::to_text(*stranger_) + ")" : std::string{});
}

/// The receipt goes once the consumer has released every block, and is a claim to the server until a report has shown
/// them. One block's memory may still be on its way back.
bool reassembly_state::is_released() const {
  return receiver_->complete() && config_->memory->available() + 1 >= config_->memory->capacity();
}

void reassembly_state::require(const byte_range& wanted) {
  receiver_->require(now(self_), blocks_that_cover(wanted, config_->transmission.receiver.layout));
  self_->send(config_->writer, wanted);
  pump();
}

void reassembly_state::take_in(const held_digests& found) {
  for (const auto& one : found)
    receiver_->on_held(now(self_), one.block, one.digest);
  pump();
}

/// What came, and what the consumer holds and is proven now.
void reassembly_state::hand_out() {
  verified_blocks result = receiver_->take_blocks();
  const auto& layout = config_->transmission.receiver.layout;
  for (const auto number : receiver_->take_proven())
    result.push_back({number, layout.offset_of(number),
                      static_cast<std::uint32_t>(layout.size_of(number)), nullptr});
  if (!result.empty())
    self_->send(config_->writer, std::move(result));
}

void reassembly_state::pump() {
  if (ended_ && receiver_->failed())
    return;
  const auto at = now(self_);
  hand_out();
  for (const auto& asked : receiver_->take_fetches(at))
    self_->send(config_->session, asked);
  while (receiver_->take_feedback(at, datagram_)) {
    if (const auto error = config_->transmission.feedback->send(datagram_)) {
      ++feedback_refused_;
      feedback_error_ = error;
    }
  }
  tell_health();
  if (!ended_ && (receiver_->failed() || receiver_->complete()))
    end(at);
  else if (!ended_ && at - reported_at_ >= report_interval)
    report(at);
  // A complete receiver goes on telling its status until its session ends, since the consumer may take
  // long over the last blocks and the sender drops who falls silent.
  if (!receiver_->failed())
    timer_.arm(self_, receiver_->next_event());
}

/// Before any failure that comes of it, so that the session can explain that.
void reassembly_state::tell_health() {
  auto health = receiver_->health();
  if (health.is_deaf == told_.is_deaf && health.joins <= told_.joins
      && health.stalled.has_value() == told_.stalled.has_value())
    return;
  told_ = health;
  self_->send(config_->session, reception_changed{health});
}

void reassembly_state::end(protocol::timestamp now) {
  ended_ = true;
  report(now);
  if (receiver_->failed()) {
    self_->send(config_->session, reassembly_failed{receiver_->failed()});
  } else {
    self_->send(config_->writer, finish_atom::value);
    self_->send(config_->session, reassembly_finished{summary()});
  }
}

void reassembly_state::report(protocol::timestamp now) {
  reported_at_ = now;
  self_->send(config_->session, session_progress{summary()});
}

receive_summary reassembly_state::summary() const {
  const auto& layout = config_->transmission.receiver.layout;
  receive_summary result;
  result.statistics = earlier_;
  result.statistics += receiver_->statistics();
  result.object_size = layout.object_size();
  result.total_blocks = layout.block_count();
  result.completed_blocks = receiver_->completed_blocks() + receiver_->unproven_blocks();
  result.limited_by = receiver_->limited_by();
  return result;
}

std::string reassembly_state::missing_text() const {
  std::string result;
  for (const auto& range : receiver_->missing(max_ranges_shown)) {
    result += (result.empty() ? "" : ", ") + std::to_string(range.first);
    if (range.count > 1)
      result += "-" + std::to_string(range.first + range.count - 1);
  }
  return result.empty() ? "none" : result;
}

status_snapshot reassembly_state::status() const {
  const auto at = now(self_);
  const auto& s = receiver_->statistics();
  const auto limit = receiver_->limit();
  status_snapshot result{
    name,
    ended_ ? "ended" : "receiving",
    {metrics::completed_blocks(receiver_->completed_blocks()),
     metrics::blocks(config_->transmission.receiver.layout.block_count()),
     metrics::missing_blocks(config_->transmission.receiver.layout.block_count()
                             - receiver_->completed_blocks()),
     metrics::missing(missing_text()),
     metrics::proven_blocks(s.blocks_proven),
     metrics::refuted_blocks(s.blocks_refuted),
     metrics::datagrams(s.datagrams),
     metrics::source_symbols(s.source_symbols),
     metrics::repair_symbols(s.repair_symbols),
     metrics::repaired_symbols(s.repaired_symbols),
     metrics::lost_packets(s.lost_packets),
     metrics::kernel_drops(s.kernel_drops),
     metrics::requests_sent(s.requests_sent),
     metrics::requests_suppressed(s.requests_suppressed),
     metrics::statuses_sent(s.statuses_sent),
     metrics::digest_failures(s.digest_failures),
     metrics::signature_failures(s.signature_failures),
     metrics::contradictions(s.contradictions),
     metrics::leaves_fetched(s.leaves_fetched),
     metrics::feedback_refused(feedback_refused_),
     metrics::limited_by(to_string(receiver_->limited_by())),
     metrics::free_blocks(config_->memory->available()),
     metrics::window_limit(std::to_string(limit.pass) + ":" + std::to_string(limit.block)),
     metrics::sender_heard(seconds_between(receiver_->last_heard(), at)),
     metrics::turns(turns_.turns()),
     metrics::longest_gap(seconds_of(turns_.longest_gap())),
     metrics::latest_timer(seconds_of(timer_.latest()))},
    {}};
  if (const auto due = receiver_->request_due(); due != protocol::never)
    result.facts.push_back(metrics::request_due(seconds_between(at, due)));
  if (const auto due = timer_.due(); due != protocol::never)
    result.facts.push_back(metrics::timer_due(seconds_between(at, due)));
  for (std::size_t i = 0; i < s.drops.size(); ++i)
    if (s.drops[i] != 0)
      result.facts.push_back(
        metrics::dropped(s.drops[i], to_string(static_cast<protocol::wire::drop_reason>(i))));
  return vitals_.of(self_, std::move(result));
}

reassembly_actor::behavior_type
reassembly(reassembly_actor::stateful_pointer<reassembly_state> self, reassembly_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
