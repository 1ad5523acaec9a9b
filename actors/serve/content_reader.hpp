/// Reads the blocks of one object, hashes them if they are to be verified, and hands them to the sending
/// session.
///
/// Blocks are read one per message, so that `status` and an exit message never wait for more than one
/// read. A block that finds the pool empty is tried again shortly: its buffers come back as the
/// socket_writer lets datagrams go. The session bounds the queue by asking for each block once.
///
/// Supervision: monitors its session and ends with it. The session monitors this actor; its crash
/// fails the session.
#pragma once

#include "actors/io/block_pool.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/serving.hpp"
#include "actors/serve/content_provider.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/geometry.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace fleetcast::actors {

struct content_reader_state {
  static inline const char* name = "content_reader";

  using outcome = std::variant<block_read, read_failed>;

  void open(std::shared_ptr<const content> object, const protocol::geometry& layout,
            std::shared_ptr<io::block_pool> pool, bool hashes = true);

  void enqueue(const std::vector<protocol::block_number>& blocks);

  bool idle() const noexcept { return queue_.empty(); }

  /// Reads the next block of the queue, which must not be empty. Nothing while the pool has no buffer;
  /// a failure once that lasted longer than any transmission needs to let one go.
  [[nodiscard]] std::optional<outcome> read_next(std::chrono::steady_clock::time_point now);

  [[nodiscard]] status_snapshot status() const;

private:
  using clock = std::chrono::steady_clock;

  outcome read(protocol::block_number number, protocol::block_buffer memory);
  std::optional<outcome> wait_for_buffer(clock::time_point now);
  outcome fail(failure reason);

  io::openssl_thread openssl_;
  std::shared_ptr<const content> object_;
  std::optional<protocol::geometry> layout_;
  std::shared_ptr<io::block_pool> pool_;
  bool hashes_ = true;
  std::deque<protocol::block_number> queue_;
  std::optional<clock::time_point> waiting_since_;
  std::uint64_t blocks_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t waits_ = 0;
  std::uint64_t failures_ = 0;
};

/// Spawn it on a thread of its own: it waits for the disk. `pool` hands out buffers of at least
/// `layout.block_size()` bytes. Without `hashes` the digests it tells are zeros. An exit message or the
/// session's end stops it.
content_reader_actor::behavior_type
content_reader(content_reader_actor::stateful_pointer<content_reader_state> self,
               std::shared_ptr<content> object, protocol::geometry layout,
               std::shared_ptr<io::block_pool> pool, bool hashes, send_session_actor session);

} // namespace fleetcast::actors
