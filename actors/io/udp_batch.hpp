/// Moving datagrams in quantity through a udp_socket: few system calls, few copies.
///
/// Sending: equal datagrams that lie one behind the other go into the kernel as one segmented buffer
/// (UDP_SEGMENT), all buffers of a batch in one sendmmsg. Receiving: recvmmsg, and what the kernel
/// coalesced (UDP_GRO) is cut into datagrams again in place.
#pragma once

#include "actors/io/datagram_batch.hpp"
#include "actors/io/injected_loss.hpp"
#include "actors/io/udp_socket.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

namespace fleetcast::actors::io {

// -- sending --------------------------------------------------------------------------------------

struct send_outcome {
  std::uint32_t sent = 0;
  std::uint32_t refused = 0;
  int error = 0; ///< errno of the last refusal
};

/// Sends batches to one destination. Waits up to limits::send_patience a batch for room in the kernel, so
/// not for an I/O thread. Not thread-safe.
class batch_sender {
public:
  struct statistics {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t refused = 0;
    std::uint64_t segmented = 0; ///< datagrams that went in segmented buffers
    std::uint64_t calls = 0;     ///< of sendmmsg
    std::uint64_t waits = 0;     ///< times the send buffer was full
    std::uint64_t fallbacks = 0; ///< 1 once the kernel refused to segment and we stopped asking
    int last_error = 0;
  };

  batch_sender(std::shared_ptr<const udp_socket> socket, const udp_endpoint& destination);

  /// Sends the datagrams that lie one behind the other in `bytes`, of the given sizes. What the kernel
  /// refuses is lost, like any datagram, and counted.
  send_outcome send(std::span<const std::byte> bytes, std::span<const std::uint16_t> sizes);

  const statistics& counted() const noexcept { return statistics_; }

  /// Whether the kernel is still asked to segment.
  bool segments() const noexcept { return segmentation_; }

private:
  /// Datagrams for one message of sendmmsg: all of equal size but a shorter last one.
  struct run {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    std::uint32_t datagrams = 0;
    std::uint16_t segment = 0;
  };

  using clock = std::chrono::steady_clock;

  void plan(std::span<const std::uint16_t> sizes);
  std::size_t push(std::span<const std::byte> bytes, std::size_t first, int& error);
  bool gives_up_segmenting(std::size_t refused, int error);
  bool wait_for_room(int error, clock::time_point until);
  void count_sent(const run& sent, send_outcome& outcome);
  void count_refused(const run& refused, int error, send_outcome& outcome);

  std::shared_ptr<const udp_socket> socket_;
  udp_endpoint destination_;
  bool segmentation_;
  std::vector<run> runs_;
  statistics statistics_;
};

// -- receiving ------------------------------------------------------------------------------------

/// Memory of one batch and the datagrams in it.
class receive_buffer {
public:
  receive_buffer();

  receive_buffer(const receive_buffer&) = delete;
  receive_buffer& operator=(const receive_buffer&) = delete;

  received_datagrams& contents() noexcept { return contents_; }
  const received_datagrams& contents() const noexcept { return contents_; }

private:
  friend class batch_receiver;

  struct freed {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };

  std::unique_ptr<std::byte, freed> memory_;
  received_datagrams contents_;
};

/// Reads batches from one socket. One thread reads; any thread may look at the counters.
class batch_receiver {
public:
  struct statistics {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t truncated = 0; ///< receives dropped for being longer than any datagram of ours
    std::uint64_t coalesced = 0; ///< datagrams that came many in one
    std::uint64_t calls = 0;     ///< of recvmmsg
    std::uint64_t kernel_drops = 0;
    std::uint64_t errors = 0; ///< reported by the socket; reading goes on
    int last_error = 0;
    std::uint64_t injected_losses = 0; ///< datagrams thrown away on purpose
  };

  explicit batch_receiver(std::shared_ptr<const udp_socket> socket);
  ~batch_receiver();

  /// Replaces the contents of `into` by what the socket has, up to about limits::batch_bytes. Returns
  /// true when the socket is empty now.
  bool receive(receive_buffer& into);

  statistics snapshot() const noexcept;

  /// Whether the kernel is asked to coalesce.
  bool coalesces() const noexcept { return socket_->usable().gro; }

private:
  /// Where in a buffer the next receives go: each lane is filled from its start.
  struct lanes {
    std::size_t count = 0;
    std::size_t size = 0; ///< bytes of each
    std::size_t room = 0; ///< bytes a receive needs
    std::array<std::size_t, limits::receive_slots> used{};

    bool has_room(std::size_t lane) const noexcept { return used[lane] + room <= size; }

    /// Where the next receive of a lane goes.
    std::size_t next(std::size_t lane) const noexcept { return lane * size + used[lane]; }
  };

  lanes layout() const noexcept;
  bool receive_some(receive_buffer& into, lanes& where);
  std::size_t offer_room(receive_buffer& into, const lanes& where) noexcept;
  bool goes_on_after(int error) noexcept;
  void accept(receive_buffer& into, lanes& where, std::size_t received);
  std::size_t take(receive_buffer& into, std::size_t offset, std::size_t size, std::size_t segment);
  void note_drops(std::uint32_t total) noexcept;

  /// What the kernel is told and tells of each receive of a call; made once, since most calls use one of many.
  struct slots;

  std::shared_ptr<const udp_socket> socket_;
  std::unique_ptr<slots> slots_;

  /// Receives asked for in one call while the kernel coalesces. One that was coalesced is a batch by
  /// itself, so after it only one is asked for; single datagrams double it up to the lanes there are.
  std::size_t width_ = 1;
  std::uint32_t drops_seen_ = 0;

  struct counters {
    std::atomic<std::uint64_t> datagrams{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> truncated{0};
    std::atomic<std::uint64_t> coalesced{0};
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> kernel_drops{0};
    std::atomic<std::uint64_t> errors{0};
    std::atomic<int> last_error{0};
    std::atomic<std::uint64_t> injected_losses{0};
  };
  counters counters_;
  injected_loss loss_ = injected_loss::from_environment();
};

} // namespace fleetcast::actors::io
