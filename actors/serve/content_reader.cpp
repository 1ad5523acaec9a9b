#include "actors/serve/content_reader.hpp"

#include "protocol/wire/block_digest.hpp"

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace fleetcast::actors {

namespace {

/// Between two looks for a free buffer: a batch leaves the socket_writer in about this time.
constexpr std::chrono::milliseconds pool_retry{1};

/// After this long without a free buffer somebody has lost one: nothing holds a block for longer than a
/// batch takes to send.
constexpr std::chrono::seconds pool_patience{10};

/// "Go on with the queue", in the words of the interface.
using next_turn = std::vector<protocol::block_number>;

void work(content_reader_actor::stateful_pointer<content_reader_state> self,
          const send_session_actor& session) {
  auto& state = self->state;
  auto outcome = state.read_next(std::chrono::steady_clock::now());
  if (!outcome) {
    self->delayed_send(self, pool_retry, next_turn{});
    return;
  }
  std::visit([&](auto& message) { self->send(session, std::move(message)); }, *outcome);
  if (!state.idle())
    self->send(self, next_turn{});
}

} // namespace

void content_reader_state::open(std::shared_ptr<const content> object,
                                const protocol::geometry& layout,
                                std::shared_ptr<io::block_pool> pool, bool hashes) {
  object_ = std::move(object);
  layout_ = layout;
  pool_ = std::move(pool);
  hashes_ = hashes;
}

void content_reader_state::enqueue(const std::vector<protocol::block_number>& blocks) {
  queue_.insert(queue_.end(), blocks.begin(), blocks.end());
}

std::optional<content_reader_state::outcome>
content_reader_state::read_next(clock::time_point now) {
  const auto number = queue_.front();
  if (number >= layout_->block_count()) {
    queue_.pop_front();
    return fail({failure_code::internal, 0,
                 "block " + std::to_string(number) + " of " + object_->name()
                   + " was asked for, which has " + std::to_string(layout_->block_count())
                   + " blocks: please report this defect"});
  }
  auto memory = pool_->allocate();
  if (!memory)
    return wait_for_buffer(now);
  waiting_since_.reset();
  queue_.pop_front();
  return read(number, std::move(memory));
}

content_reader_state::outcome content_reader_state::read(protocol::block_number number,
                                                         protocol::block_buffer memory) {
  const auto size = layout_->size_of(number);
  const std::span<std::byte> bytes{memory.get(), size};
  if (auto done = object_->read(layout_->offset_of(number), bytes); !done)
    return fail(std::move(done.error())
                  .in_context("while reading block " + std::to_string(number) + " of "
                              + std::to_string(layout_->block_count())));
  const auto padded = std::size_t{layout_->source_symbols_of(number)} * layout_->symbol_size();
  std::memset(memory.get() + size, 0, padded - size);
  ++blocks_;
  bytes_ += size;
  const auto digest = hashes_ ? protocol::wire::digest_of(bytes) : protocol::wire::digest{};
  return block_read{number, std::move(memory), digest, hashes_ && object_->is_settled()};
}

std::optional<content_reader_state::outcome>
content_reader_state::wait_for_buffer(clock::time_point now) {
  ++waits_;
  if (!waiting_since_)
    waiting_since_ = now;
  if (now - *waiting_since_ < pool_patience)
    return std::nullopt;
  waiting_since_.reset();
  queue_.pop_front();
  return fail({failure_code::internal, 0,
               "no buffer to read " + object_->name() + " into came free for "
                 + std::to_string(pool_patience.count()) + " s; all "
                 + std::to_string(pool_->capacity()) + " are held: please report this defect"});
}

content_reader_state::outcome content_reader_state::fail(failure reason) {
  ++failures_;
  return read_failed{std::move(reason)};
}

status_snapshot content_reader_state::status() const {
  const auto memory = pool_->snapshot();
  return {name,
          waiting_since_   ? "waiting for a buffer"
          : queue_.empty() ? "idle"
                           : "reading",
          {metrics::object(object_->name()), metrics::object_size(object_->size()),
           metrics::blocks_read(blocks_), metrics::bytes(bytes_), metrics::queued(queue_.size()),
           metrics::waits(waits_), metrics::failures(failures_),
           metrics::buffers_in_use(memory.in_use), metrics::buffers(pool_->capacity())},
          {}};
}

content_reader_actor::behavior_type
content_reader(content_reader_actor::stateful_pointer<content_reader_state> self,
               std::shared_ptr<content> object, protocol::geometry layout,
               std::shared_ptr<io::block_pool> pool, bool hashes, send_session_actor session) {
  self->monitor(session);
  self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
  self->state.open(std::move(object), layout, std::move(pool), hashes);
  return {
    [self, session](const std::vector<protocol::block_number>& blocks) {
      const bool was_idle = self->state.idle();
      self->state.enqueue(blocks);
      // While the queue is not empty a turn of its own is on its way; a second one would double them.
      if (blocks.empty() ? !was_idle : was_idle)
        work(self, session);
    },
    [self, born = vitals{}](status_atom) { return born.of(self, self->state.status()); },
  };
}

} // namespace fleetcast::actors
