/// Takes datagrams out of a socket and passes them on in batches; used by both directions.
///
/// The waiting and reading happen on the I/O thread, in a core that the actor and the pending Asio
/// handler share; the actor itself only starts, stops and answers `status`.
///
/// Back-pressure: a reader has limits::reader_batches batch buffers. A sink that holds all of them
/// makes it stop reading (counted as a stall) until one comes back; meanwhile the kernel's buffer
/// fills, and what it drops is counted in every batch.
///
/// Supervision: monitors its sink and ends when the sink ends. Whoever spawned it monitors it; a crash
/// closes nothing but this reader: the socket lives on while others hold it.
#pragma once

#include "actors/io/io_thread.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/messages/sockets.hpp"

#include <boost/system/error_code.hpp>

#include <memory>

namespace fleetcast::actors {

class socket_reader_core;

struct socket_reader_state {
  static inline const char* name = "socket_reader";

  socket_reader_state() = default;
  ~socket_reader_state();

  socket_reader_state(const socket_reader_state&) = delete;
  socket_reader_state& operator=(const socket_reader_state&) = delete;

  /// Begins to read. Fails when the socket already has a reader or the process may watch no more.
  [[nodiscard]] boost::system::error_code
  start(io::io_thread& io, std::shared_ptr<const io::udp_socket> socket, datagram_sink_actor sink);

  [[nodiscard]] status_snapshot status() const;

private:
  std::shared_ptr<socket_reader_core> core_;
};

/// `io` must outlive the actor. `stop_atom`, the end of `sink` or an exit message end the reader; no
/// batch is sent after that. Spawn:
///
///     system.spawn(socket_reader, &io, socket, caf::actor_cast<datagram_sink_actor>(reassembly))
socket_reader_actor::behavior_type
socket_reader(socket_reader_actor::stateful_pointer<socket_reader_state> self, io::io_thread* io,
              std::shared_ptr<const io::udp_socket> socket, datagram_sink_actor sink);

} // namespace fleetcast::actors
