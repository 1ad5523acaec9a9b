/// Seals datagrams and puts them into the kernel in batches.
///
/// A batch is sealed into one reused buffer, which is the only copy on the way, and sent from there:
/// runs of equal datagrams as segmented sends. They are answered by batch_sent to the session, so the session
/// decides how many wait here: that is the queue's bound. Small batches are answered together, since
/// each answer wakes the session, which is paced and seldom waits for it.
///
/// Supervision: monitors its session and ends with it. The session monitors this actor; its crash
/// fails the session.
#pragma once

#include "actors/io/udp_batch.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/kit/status.hpp"
#include "actors/messages/serving.hpp"
#include "actors/trust/openssl_thread.hpp"
#include "protocol/wire/seal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace fleetcast::actors {

struct socket_writer_state {
  static inline const char* name = "socket_writer";

  void open(std::shared_ptr<const io::udp_socket> socket, const io::udp_endpoint& destination,
            protocol::wire::seal_suite suite, const protocol::wire::direction_key& key);

  /// Seals and sends all of `batch`. The answer, once there is enough to tell: a full segmented send, or a refusal.
  [[nodiscard]] std::optional<batch_sent> send(const send_batch& batch);

  [[nodiscard]] status_snapshot status() const;

private:
  using datagrams = std::span<const protocol::outgoing_datagram>;

  void seal(datagrams part);

  io::openssl_thread openssl_;
  std::optional<protocol::wire::sealer> sealer_;
  std::optional<io::batch_sender> sender_;
  io::udp_endpoint destination_;
  std::vector<std::byte> sealed_; ///< one behind the other; grows to one full batch, never shrinks
  std::vector<std::uint16_t> sizes_; ///< of the datagrams in `sealed_`
  batch_sent untold_;
  std::uint64_t batches_ = 0;
};

/// Spawn it on a thread of its own: it waits in the kernel while the send buffer is full. An exit message or the
/// session's end stops it.
socket_writer_actor::behavior_type
socket_writer(socket_writer_actor::stateful_pointer<socket_writer_state> self,
              std::shared_ptr<const io::udp_socket> socket, const io::udp_endpoint& destination,
              protocol::wire::seal_suite suite, protocol::wire::direction_key key,
              send_session_actor session);

} // namespace fleetcast::actors
