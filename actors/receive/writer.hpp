/// Hands verified blocks to the consumer, within the consumer's credit.
///
/// Credit is what WDS calls the cache size: the bytes a consumer may hold without having released
/// them. One block may always be out, however small the credit. What cannot be handed out waits here; the block
/// pool bounds it, and a full pool closes the window, so a slow consumer slows the sender.
///
/// When all is delivered the session hears delivery_finished, and consumption_finished once the consumer
/// released every block; `stop` asks for the latter at once, with whatever was released until then.
///
/// Supervision: monitored by its session; its crash fails the session. Monitors its session and ends with
/// it, however it ends.
#pragma once

#include "actors/kit/status.hpp"
#include "actors/messages/receiving.hpp"

#include <cstdint>
#include <deque>
#include <map>

namespace fleetcast::actors {

class writer_state {
public:
  static inline const char* name = "writer";

  explicit writer_state(writer_actor::pointer self) : self_(self) {}

  /// `cache_bytes` 0: one block at a time.
  writer_actor::behavior_type make_behavior(std::uint64_t cache_bytes, consumer_actor consumer,
                                            receive_session_actor session);

private:
  void enqueue(const verified_blocks& blocks);
  void release(const block_release& block);
  void drop_beside(const byte_range& wanted);
  void deliver();
  void report_consumption(bool complete);
  bool has_credit_for(std::uint32_t size) const noexcept;
  status_snapshot status() const;

  writer_actor::pointer self_;
  std::uint64_t cache_bytes_ = 0;
  vitals vitals_;
  consumer_actor consumer_;
  receive_session_actor session_;

  /// Where the blocks come from: told when memory came back.
  caf::strong_actor_ptr reassembly_;

  std::deque<protocol::verified_block> waiting_;
  std::map<std::uint64_t, std::uint32_t> outstanding_; ///< offset -> size
  std::uint64_t outstanding_bytes_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  std::uint64_t refused_releases_ = 0;
  bool finishing_ = false; ///< no more blocks will come
  bool delivered_ = false; ///< and all are with the consumer
  bool consumption_reported_ = false;
};

writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   std::uint64_t cache_bytes, consumer_actor consumer,
                                   receive_session_actor session);

} // namespace fleetcast::actors
