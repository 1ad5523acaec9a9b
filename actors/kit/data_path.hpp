/// The way that the datagrams of a session take at this host: what log, console and error texts name.
#pragma once

#include "actors/io/network_interface.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/observe/metrics.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::actors {

/// Of a transmission at its sender, or at one of its receivers.
struct data_path {
  io::network_interface interface; ///< the group is sent to, or joined, on this one

  /// Of this host on `interface`. What the group is sent from, at the sender. A receiver may have none there.
  std::optional<boost::asio::ip::address> local;

  io::udp_endpoint group;

  /// Where feedback goes; the port of its first ear, at the sender.
  io::udp_endpoint feedback;

  /// Where a receiver sends feedback from: an address of the interface that its route leaves by.
  std::optional<io::udp_endpoint> feedback_from;

  /// What group datagrams come from, as far as this end knows: at a receiver, the address that the server is at.
  boost::asio::ip::address sender;

  std::size_t packet = 0; ///< bytes of the IP packets that full symbols travel in

  /// What the interface takes whole, bytes; nothing: not known.
  std::optional<std::size_t> mtu{};

  /// Of the group's datagrams, as far as a receiver was told; 0: not told.
  unsigned ttl = 0;

  bool is_fragmented() const noexcept { return mtu && packet > *mtu; }
};

/// "239.255.7.1:5041 on eth2 (10.92.0.2)"
[[nodiscard]] std::string to_text(const data_path& path);

/// For a status.
void add_facts(std::vector<fact>& to, const data_path& path);

} // namespace fleetcast::actors
