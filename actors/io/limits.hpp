/// Sizes and bounds of the datapath that only this host's memory and kernel care about; what both
/// ends of a wire must agree on is in protocol/defaults.hpp.
#pragma once

#include <chrono>
#include <cstddef>

namespace fleetcast::actors::io::limits {

// -- sockets --------------------------------------------------------------------------------------

/// Receive buffer asked of the kernel, bytes: a quarter of a second at 1 Gbit/s, which outlasts a
/// reader that waits for the scheduler or for a slow disk's credit. The kernel gives less to an
/// unprivileged process (net.core.rmem_max); udp_socket::receive_buffer() tells what it gave.
constexpr std::size_t receive_buffer = 32 * 1024 * 1024;

/// Send buffer asked of the kernel, bytes: some 60 segmented batches, several bursts of the pacer, so
/// the writer waits only when the link is truly behind.
constexpr std::size_t send_buffer = 4 * 1024 * 1024;

/// Longest wait for room in the send buffer before a batch counts as refused. Far above the pacer's
/// burst, far below a heartbeat's silence limit.
constexpr std::chrono::milliseconds send_patience{20};

// -- segmentation ---------------------------------------------------------------------------------

/// Datagrams in one segmented send: what the oldest kernel that segments accepts (UDP_MAX_SEGMENTS).
constexpr std::size_t max_segments = 64;

/// Bytes in one segmented send: an IP packet's 65,535 less the headers of either IP version, with
/// room for options.
constexpr std::size_t max_segmented_bytes = 65'000;

// -- receiving ------------------------------------------------------------------------------------

/// Longest datagram handed on, bytes. The longest symbol with header and seal is 8936; what is longer
/// is nobody's we know, and is dropped and counted.
constexpr std::size_t max_datagram = 9216;

/// Most that one receive can give when the kernel coalesces, bytes.
constexpr std::size_t max_coalesced = 64 * 1024;

/// A batch is handed on once it holds this much, bytes: what one segmented send carries, small
/// enough to stay in a core's cache until it is decrypted.
constexpr std::size_t batch_bytes = 64 * 1024;

/// Datagrams received by one system call when they come one by one: a batch of standard size.
constexpr std::size_t receive_slots = 64;

/// Lanes of a batch buffer while the kernel coalesces: each receive needs 64 KiB of room wherever it
/// lands, but single datagrams use little of it, so some lanes are filled side by side.
constexpr std::size_t coalesced_lanes = 8;

/// System calls for one batch, at most: a flood of empty or oversized datagrams fills no batch and must
/// not keep the reader busy with one.
constexpr std::size_t receive_calls = 16;

/// Room of a lane, bytes: it can take 16 KiB of single datagrams and still one coalesced receive.
constexpr std::size_t lane_bytes = max_coalesced + 16 * 1024;

/// Memory of one batch, bytes; only what datagrams touch becomes resident.
constexpr std::size_t batch_buffer = coalesced_lanes * lane_bytes;
static_assert(batch_buffer >= receive_slots * max_datagram);

/// Batches on their way from one reader to its sink: with those in the sink's mailbox, 2 MiB and
/// 16 ms at 1 Gbit/s; beyond that the kernel's buffer is the better place to wait.
constexpr std::size_t reader_batches = 32;

/// Batches a reader takes before it lets other sockets have the I/O thread.
constexpr std::size_t batches_per_turn = 8;

} // namespace fleetcast::actors::io::limits
