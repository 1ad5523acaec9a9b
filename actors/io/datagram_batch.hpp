/// Datagrams as they came out of the kernel, many at a time.
#pragma once

#include "actors/io/udp_socket.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fleetcast::actors::io {

/// Where the datagrams in a piece of memory came from, by their source address.
struct datagram_source {
  std::span<const std::byte> memory;
  udp_endpoint from;
};

/// Datagrams of one or a few system calls and the memory they lie in.
struct received_datagrams {
  std::vector<std::span<const std::byte>> datagrams;

  /// Of all of them.
  std::vector<datagram_source> sources;

  /// Null for what is no datagram of this batch.
  const udp_endpoint* source_of(std::span<const std::byte> datagram) const noexcept {
    const auto i = std::find_if(sources.begin(), sources.end(), [&](const datagram_source& s) {
      return datagram.data() >= s.memory.data()
             && datagram.data() + datagram.size() <= s.memory.data() + s.memory.size();
    });
    return i == sources.end() ? nullptr : &i->from;
  }

  /// Datagrams the kernel dropped on this socket since it was opened.
  std::uint64_t kernel_drops = 0;
};

/// What a socket_reader sends. Letting the last reference go returns the memory to the reader, from
/// whatever thread; a reader whose memory is all out waits, and the kernel's buffer fills.
struct datagram_batch {
  std::shared_ptr<const received_datagrams> received;
};

} // namespace fleetcast::actors::io
