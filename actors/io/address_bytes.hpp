/// Addresses as messages and certificates carry them.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace fleetcast::actors::io {

/// 4 bytes are an IPv4 address, 16 an IPv6 address without a zone, in network order. Nothing: any other number of bytes.
inline std::optional<boost::asio::ip::address> address_of(std::span<const std::byte> bytes) {
  const auto read = [bytes]<class Address>(Address) -> std::optional<boost::asio::ip::address> {
    typename Address::bytes_type result{};
    if (bytes.size() != result.size())
      return std::nullopt;
    std::memcpy(result.data(), bytes.data(), result.size());
    return Address{result};
  };
  const auto v4 = read(boost::asio::ip::address_v4{});
  return v4 ? v4 : read(boost::asio::ip::address_v6{});
}

} // namespace fleetcast::actors::io
