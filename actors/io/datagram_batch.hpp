/// Datagrams as they came out of the kernel, many at a time.
#pragma once

#include "actors/io/udp_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fleetcast::actors::io {

/// Where the datagrams of one receive came from, by their source address.
struct datagram_source {
  std::span<const std::byte> memory;
  udp_endpoint from;

  bool holds(std::span<const std::byte> datagram) const noexcept {
    return datagram.data() >= memory.data()
           && datagram.data() + datagram.size() <= memory.data() + memory.size();
  }
};

/// Datagrams of one or a few system calls and the memory they lie in.
struct received_datagrams {
  std::vector<std::span<const std::byte>> datagrams;

  /// Of all of them, in the same order.
  std::vector<datagram_source> sources;

  /// Calls `take(datagram, from)` for each, in the order they came. `from` is the same object for all that came in one
  /// receive; null: not known.
  template <class Take>
  void for_each(Take take) const {
    auto source = sources.begin();
    for (const auto& datagram : datagrams) {
      while (source != sources.end() && !source->holds(datagram))
        ++source;
      take(datagram, source == sources.end() ? nullptr : &source->from);
    }
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
