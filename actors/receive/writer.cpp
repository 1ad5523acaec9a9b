#include "actors/receive/writer.hpp"

#include <string>
#include <utility>

namespace fleetcast::actors {

writer_actor::behavior_type writer_state::make_behavior(std::uint64_t cache_bytes,
                                                        consumer_actor consumer,
                                                        receive_session_actor session) {
  cache_bytes_ = cache_bytes;
  consumer_ = std::move(consumer);
  session_ = std::move(session);
  self_->monitor(session_);
  self_->set_down_handler([this](const caf::down_msg&) { self_->quit(); });
  return {
    [this](const verified_blocks& blocks) {
      reassembly_ = self_->current_sender();
      enqueue(blocks);
    },
    [this](release_atom, const block_release& block) { release(block); },
    [this](const byte_range& wanted) { drop_beside(wanted); },
    [this](finish_atom) {
      finishing_ = true;
      deliver();
    },
    [this](stop_atom) { report_consumption(delivered_ && outstanding_.empty()); },
    [this](status_atom) { return status(); },
  };
}

void writer_state::enqueue(const verified_blocks& blocks) {
  waiting_.insert(waiting_.end(), blocks.begin(), blocks.end());
  deliver();
}

void writer_state::drop_beside(const byte_range& wanted) {
  std::erase_if(waiting_, [&](const protocol::verified_block& block) {
    return !wanted.touches(block.offset, block.size);
  });
  self_->send(caf::actor_cast<reassembly_actor>(self_->current_sender()), room_atom::value);
}

void writer_state::release(const block_release& block) {
  const auto i = outstanding_.find(block.offset);
  if (i == outstanding_.end() || i->second != block.size) {
    ++refused_releases_;
    return;
  }
  outstanding_bytes_ -= block.size;
  outstanding_.erase(i);
  deliver();
  if (reassembly_)
    self_->send(caf::actor_cast<reassembly_actor>(reassembly_), room_atom::value);
}

bool writer_state::has_credit_for(std::uint32_t size) const noexcept {
  return outstanding_.empty() || outstanding_bytes_ + size <= cache_bytes_;
}

void writer_state::deliver() {
  while (!waiting_.empty() && has_credit_for(waiting_.front().size)) {
    auto block = std::move(waiting_.front());
    waiting_.pop_front();
    outstanding_.emplace(block.offset, block.size);
    outstanding_bytes_ += block.size;
    delivered_bytes_ += block.size;
    self_->send(consumer_, block_delivery{block.offset, block.size, std::move(block.bytes)});
  }
  if (!finishing_ || !waiting_.empty())
    return;
  if (!std::exchange(delivered_, true))
    self_->send(session_, delivery_finished{});
  if (outstanding_.empty())
    report_consumption(true);
}

void writer_state::report_consumption(bool complete) {
  if (!std::exchange(consumption_reported_, true))
    self_->send(session_, consumption_finished{complete});
}

status_snapshot writer_state::status() const {
  return vitals_.of(
    self_,
    {name,
     waiting_.empty() ? "idle" : "waiting for the consumer",
     {metrics::credit(cache_bytes_), metrics::delivered_bytes(delivered_bytes_),
      metrics::outstanding_bytes(outstanding_bytes_),
      metrics::outstanding_blocks(outstanding_.size()), metrics::waiting_blocks(waiting_.size()),
      metrics::refused_releases(refused_releases_)},
     {}});
}

writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   std::uint64_t cache_bytes, consumer_actor consumer,
                                   receive_session_actor session) {
  return self->state.make_behavior(cache_bytes, std::move(consumer), std::move(session));
}

} // namespace fleetcast::actors
