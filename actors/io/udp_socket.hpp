/// UDP sockets of the data plane: opening them in the ways that Fleetcast needs.
///
/// Moving datagrams in quantity is batch_sender's and batch_receiver's part (udp_batch.hpp).
#pragma once

#include "actors/io/limits.hpp"
#include "actors/io/network_interface.hpp"
#include "actors/io/port_range.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <tl/expected.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fleetcast::actors::io {

using udp_endpoint = boost::asio::ip::udp::endpoint;

/// "192.0.2.7:5041", "[2001:db8::7]:5041"
[[nodiscard]] std::string to_text(const udp_endpoint& endpoint);

/// Work the kernel may take off us: many datagrams in one send (gso), many in one receive (gro).
struct offloads {
  bool gso = true;
  bool gro = true;

  friend bool operator==(const offloads&, const offloads&) = default;

  /// Both, but for what the environment variable leaves out. For measurements and for drivers that promise more than
  /// they keep. A value that is not understood counts as not set: programs refuse it (trial_switches.hpp).
  [[nodiscard]] static offloads from_environment();
  static constexpr const char* variable = "FLEETCAST_OFFLOADS";

  /// "gso", "gro", both with a comma between them, or "none"; nothing when `text` is neither.
  [[nodiscard]] static std::optional<offloads> parse(std::string_view text) noexcept;
};

struct socket_options {
  /// What to use if the kernel can.
  offloads use = offloads::from_environment();

  /// Bytes to ask of the kernel.
  std::size_t receive_buffer = limits::receive_buffer;

  /// Where feedback is heard: the first of these that nobody else has.
  port_range feedback_ports{};
};

/// An open UDP socket: non-blocking, not inherited by programs. Nothing of it changes once it is open, so
/// several threads may use it at once, one of them sending and one receiving.
///
/// Failures are network_unreachable where the kernel knows no way, server_busy where no port for feedback is left,
/// network_fault otherwise, with errno as detail.
class udp_socket {
public:
  /// Receives what is sent to `group` on `interface`, and nothing else: bound to the group's address
  /// and port, which other sockets of this host may share.
  [[nodiscard]] static tl::expected<udp_socket, protocol::failure>
  open_group_receiver(const udp_endpoint& group, const network_interface& interface,
                      const socket_options& options = {});

  /// Sends to groups through `interface` from `local` and a port for feedback, and receives what is sent to
  /// that port. Receivers on this host hear the groups, too. `ttl` counts routers plus one (hop limit in
  /// IPv6), 1 to 255.
  [[nodiscard]] static tl::expected<udp_socket, protocol::failure>
  open_group_sender(const network_interface& interface, const boost::asio::ip::address& local,
                    unsigned ttl, const socket_options& options = {});

  /// Receives only: feedback for a group sender that has another address of the same interface.
  [[nodiscard]] static tl::expected<udp_socket, protocol::failure>
  open_feedback_receiver(const network_interface& interface, const boost::asio::ip::address& local,
                         const socket_options& options = {});

  /// Connected to `server`, from a port of the kernel's choice and from `local`; without one from the address
  /// that belongs to the route.
  [[nodiscard]] static tl::expected<udp_socket, protocol::failure>
  open_feedback_sender(const std::optional<boost::asio::ip::address>& local,
                       const udp_endpoint& server);

  udp_socket(udp_socket&& other) noexcept;
  udp_socket& operator=(udp_socket&& other) noexcept;
  ~udp_socket();

  /// Sends one datagram on a connected socket without waiting. 0, or errno. A refusal is a lost datagram
  /// like any other: that of an ICMP answer to an earlier one (ECONNREFUSED) is not even reported.
  [[nodiscard]] int send(std::span<const std::byte> datagram) const noexcept;

  /// Of a group receiver, on the interface that it was opened for: leaves the group and joins it again, so that the
  /// kernel sends a membership report. Its answers to queries are no help where nobody asks. As long as another
  /// socket of this host is a member there, the kernel says nothing. While others read it, too; datagrams that
  /// come in between are lost. Fails with network_fault.
  [[nodiscard]] protocol::failure join_again(const network_interface& interface) const;

  int native_handle() const noexcept { return descriptor_; }

  /// What it is bound to.
  const udp_endpoint& local_endpoint() const noexcept { return local_; }

  /// Bytes of receive buffer as the kernel accounts them (its overhead included). Less than what was
  /// asked for: raise net.core.rmem_max or run with CAP_NET_ADMIN. 0 on a feedback sender.
  std::size_t receive_buffer() const noexcept { return receive_buffer_; }

  /// What was asked for and the kernel can.
  const offloads& usable() const noexcept { return usable_; }

private:
  explicit udp_socket(int descriptor) noexcept : descriptor_(descriptor) {}

  friend class socket_builder;

  int descriptor_;
  udp_endpoint local_;
  std::size_t receive_buffer_ = 0;
  offloads usable_{false, false};
};

} // namespace fleetcast::actors::io
