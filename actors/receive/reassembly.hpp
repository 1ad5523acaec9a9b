/// Drives protocol::receiver: datagrams in, verified blocks to the writer, feedback to the sender. When the server went
/// away and came back it goes on with the next transmission, where it was with the one before.
///
/// Supervision: monitored by its session; its crash fails the session. Monitors its session and ends with
/// it, however it ends; the socket reader that feeds it monitors it and ends then, too.
#pragma once

#include "actors/io/block_pool.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/kit/status.hpp"
#include "actors/kit/timer.hpp"
#include "actors/messages/receiving.hpp"
#include "actors/observe/turn_meter.hpp"
#include "actors/receive/told_sources.hpp"
#include "protocol/receive/receiver.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

struct reassembly_config {
  incoming_transmission transmission;
  std::shared_ptr<io::block_pool> memory;
  writer_actor writer;
  receive_session_actor session;
  std::vector<protocol::wire::block_range>
    held; ///< by the consumer, which will say their digests; none in a session that does not verify
};

class reassembly_state {
public:
  static inline const char* name = "reassembly";

  explicit reassembly_state(reassembly_actor::pointer self) : self_(self) {}

  reassembly_actor::behavior_type make_behavior(reassembly_config config);

private:
  void begin_transmission();
  void go_on_with(const incoming_transmission& next);
  void take_in(const io::datagram_batch& batch);
  void warn_of_forgery();
  bool is_released() const;
  void require(const byte_range& wanted);
  void take_in(const held_digests& found);
  void hand_out();
  void pump();
  void end(protocol::timestamp now);
  void report(protocol::timestamp now);
  void tell_health();
  receive_summary summary() const;
  std::string missing_text() const;
  status_snapshot status() const;

  reassembly_actor::pointer self_;
  std::optional<reassembly_config> config_;
  std::unique_ptr<protocol::receiver> receiver_; ///< of the transmission that is heard now
  protocol::receiver_statistics earlier_;        ///< of those before it
  told_sources sources_{{}};
  tick_timer timer_;
  turn_meter turns_; ///< a turn: a batch of datagrams
  vitals vitals_;
  std::vector<std::byte> datagram_;
  protocol::timestamp reported_at_{};
  std::uint64_t feedback_refused_ = 0; ///< by the kernel
  int feedback_error_ = 0;             ///< errno of the last refusal
  std::uint64_t contradictions_ = 0;   ///< that were seen to
  bool is_forgery_told_ = false;
  std::optional<io::udp_endpoint> stranger_; ///< the last one that datagrams came from
  protocol::reception_health told_;          ///< to the session
  bool ended_ = false;
};

reassembly_actor::behavior_type
reassembly(reassembly_actor::stateful_pointer<reassembly_state> self, reassembly_config config);

} // namespace fleetcast::actors
