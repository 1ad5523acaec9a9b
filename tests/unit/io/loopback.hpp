/// Multicast over the loopback interface, for tests: a group of one's own and its two ends.
#pragma once

#include "actors/io/udp_batch.hpp"
#include "actors/io/udp_socket.hpp"
#include "actors/serve/group_allocator.hpp"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <poll.h>

namespace fleetcast::actors::testing {

/// Far beyond what any step takes; only a defect gets there.
constexpr std::chrono::seconds patience{20};

inline io::network_interface loopback() {
  return io::find_interface("lo").value();
}

inline boost::asio::ip::address loopback_address(bool v6 = false) {
  if (v6)
    return boost::asio::ip::address_v6::loopback();
  return boost::asio::ip::address_v4::loopback();
}

/// A group that no other test running now is likely to have: its place is drawn from random_device.
inline group_lease some_group(bool v6 = false) {
  return group_allocator::make()->acquire(v6).value();
}

inline std::shared_ptr<io::udp_socket>
share(tl::expected<io::udp_socket, protocol::failure> opened) {
  if (!opened)
    throw std::runtime_error{opened.error().text};
  return std::make_shared<io::udp_socket>(std::move(*opened));
}

/// Both ends of one group.
struct group_on_loopback {
  explicit group_on_loopback(const io::socket_options& options = {}, bool v6 = false)
    : lease(some_group(v6)),
      receiver(share(io::udp_socket::open_group_receiver(lease.endpoint(), loopback(), options))),
      sender(
        share(io::udp_socket::open_group_sender(loopback(), loopback_address(v6), 1, options))) {}

  group_lease lease;
  std::shared_ptr<io::udp_socket> receiver;
  std::shared_ptr<io::udp_socket> sender;
};

inline std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::byte> result(size);
  for (auto& byte : result)
    byte = static_cast<std::byte>(random());
  return result;
}

/// Waits until `socket` has something; false when nothing comes.
inline bool wait_readable(const io::udp_socket& socket) {
  pollfd waiting{socket.native_handle(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) == 1;
}

/// The next `count` datagrams, or fewer if no more come.
inline std::vector<std::vector<std::byte>>
receive(io::batch_receiver& from, const io::udp_socket& socket, std::size_t count) {
  io::receive_buffer buffer;
  std::vector<std::vector<std::byte>> result;
  while (result.size() < count && wait_readable(socket)) {
    from.receive(buffer);
    for (const auto datagram : buffer.contents().datagrams)
      result.emplace_back(datagram.begin(), datagram.end());
  }
  return result;
}

} // namespace fleetcast::actors::testing
