/// Datagrams as they came out of the kernel, many at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fleetcast::actors::io {

/// Datagrams of one or a few system calls and the memory they lie in.
struct received_datagrams {
  std::vector<std::span<const std::byte>> datagrams;

  /// Datagrams the kernel dropped on this socket since it was opened.
  std::uint64_t kernel_drops = 0;
};

/// What a socket_reader sends. Letting the last reference go returns the memory to the reader, from
/// whatever thread; a reader whose memory is all out waits, and the kernel's buffer fills.
struct datagram_batch {
  std::shared_ptr<const received_datagrams> received;
};

} // namespace fleetcast::actors::io
