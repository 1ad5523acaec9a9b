/// Sends datagrams to one address, from this host's or from another one's.
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace fleetcast::member {

class voice {
public:
  using endpoint = boost::asio::ip::udp::endpoint;

  /// `interface`: for groups. `source`: the address that datagrams claim to come from; takes root. IPv4 only. Throws
  /// std::system_error.
  voice(const endpoint& to, const std::string& interface, const std::optional<endpoint>& source);
  ~voice();
  voice(const voice&) = delete;
  voice& operator=(const voice&) = delete;

  /// What the kernel refuses is lost.
  void say(std::span<const std::byte> datagram) const;

private:
  endpoint to_;
  std::optional<endpoint> source_;
  int descriptor_;
};

} // namespace fleetcast::member
