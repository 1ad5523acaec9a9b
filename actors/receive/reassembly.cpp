#include "actors/receive/reassembly.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Progress is for people: a few times a second is enough.
constexpr protocol::duration report_interval = protocol::milliseconds(200);

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
  receiver_.emplace(config_->receiver, *config_->memory, now(self_));
  reported_at_ = now(self_);
  self_->monitor(config_->session);
  self_->set_down_handler([this](const caf::down_msg&) { self_->quit(); });
  // The first tick sends the first status, and completes an empty object.
  self_->send(self_, tick_atom::value);
  return {
    [this](const io::datagram_batch& batch) { take_in(batch); },
    [this](const byte_range& wanted) { require(wanted); },
    [this](room_atom) {
      receiver_->on_room(now(self_));
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

void reassembly_state::take_in(const io::datagram_batch& batch) {
  const auto at = now(self_);
  receiver_->on_kernel_drops(batch.received->kernel_drops);
  for (const auto& datagram : batch.received->datagrams)
    receiver_->on_datagram(at, datagram);
  pump();
}

void reassembly_state::require(const byte_range& wanted) {
  receiver_->require(now(self_), blocks_that_cover(wanted, config_->receiver.layout));
  self_->send(config_->writer, wanted);
  pump();
}

void reassembly_state::pump() {
  if (ended_ && receiver_->failed())
    return;
  const auto at = now(self_);
  if (auto blocks = receiver_->take_blocks(); !blocks.empty())
    self_->send(config_->writer, std::move(blocks));
  while (receiver_->take_feedback(at, datagram_)) {
    if (const auto error = config_->feedback->send(datagram_)) {
      ++feedback_refused_;
      feedback_error_ = error;
    }
  }
  if (!ended_ && (receiver_->failed() || receiver_->complete()))
    end(at);
  else if (!ended_ && at - reported_at_ >= report_interval)
    report(at);
  // A complete receiver goes on telling its status until its session ends, since the consumer may take
  // long over the last blocks and the sender drops who falls silent.
  if (!receiver_->failed())
    timer_.arm(self_, receiver_->next_event());
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
  const auto& layout = config_->receiver.layout;
  return {receiver_->statistics(), layout.object_size(), layout.block_count(),
          receiver_->completed_blocks(), receiver_->limited_by()};
}

status_snapshot reassembly_state::status() const {
  const auto& s = receiver_->statistics();
  const auto limit = receiver_->limit();
  status_snapshot result{
    name,
    ended_ ? "ended" : "receiving",
    {{"completed blocks", std::to_string(receiver_->completed_blocks())},
     {"blocks", std::to_string(config_->receiver.layout.block_count())},
     {"datagrams", std::to_string(s.datagrams)},
     {"source symbols", std::to_string(s.source_symbols)},
     {"repair symbols", std::to_string(s.repair_symbols)},
     {"repaired symbols", std::to_string(s.repaired_symbols)},
     {"lost packets", std::to_string(s.lost_packets)},
     {"kernel drops", std::to_string(s.kernel_drops)},
     {"requests sent", std::to_string(s.requests_sent)},
     {"requests suppressed", std::to_string(s.requests_suppressed)},
     {"feedback refused", std::to_string(feedback_refused_)},
     {"limited by", to_string(receiver_->limited_by())},
     {"free blocks", std::to_string(config_->memory->available())},
     {"limit", std::to_string(limit.pass) + ":" + std::to_string(limit.block)}},
    {}};
  for (std::size_t i = 0; i < s.drops.size(); ++i)
    if (s.drops[i] != 0)
      result.facts.emplace_back(std::string{"dropped: "}
                                  + to_string(static_cast<protocol::wire::drop_reason>(i)),
                                std::to_string(s.drops[i]));
  return result;
}

reassembly_actor::behavior_type
reassembly(reassembly_actor::stateful_pointer<reassembly_state> self, reassembly_config config) {
  return self->state.make_behavior(std::move(config));
}

} // namespace fleetcast::actors
