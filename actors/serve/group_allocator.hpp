/// Hands out multicast groups: each live transmission has an address and port of its own.
#pragma once

#include "actors/io/udp_socket.hpp"
#include "protocol/failure.hpp"

#include <boost/asio/ip/address.hpp>
#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace fleetcast::actors {

/// A range of multicast addresses.
struct group_prefix {
  boost::asio::ip::address base; ///< host bits are zero
  unsigned length = 0;           ///< network bits

  friend bool operator==(const group_prefix&, const group_prefix&) = default;

  /// Reads "ADDR" (that one group) or "ADDR/PREFIX" (all groups that share the first PREFIX bits). Fails
  /// with invalid_request when it is no address, not multicast, reserved for routing protocols
  /// (224.0.0.0/24), or when the prefix reaches beyond multicast addresses.
  [[nodiscard]] static tl::expected<group_prefix, protocol::failure> parse(std::string_view text);
};

struct group_ranges {
  /// 239.255.0.0/16: the "IPv4 local scope" of RFC 2365, for use within a site without asking.
  group_prefix v4{boost::asio::ip::make_address("239.255.0.0"), 16};

  /// ff15: transient, site-local scope (RFC 4291); group ids from 0x80000000 on are those that may be
  /// chosen at will (RFC 3307).
  group_prefix v6{boost::asio::ip::make_address("ff15::f1ee:8000:0"), 112};

  /// The port of every group while there are addresses left, so that firewalls need one rule; the next
  /// ports follow when all are taken. The control plane's is 5040.
  std::uint16_t base_port = 5041;
};

class group_allocator;

/// A group that is ours until this goes. Movable; any thread.
class group_lease {
public:
  group_lease(group_lease&&) noexcept = default;
  group_lease& operator=(group_lease&& other) noexcept;
  ~group_lease();

  const io::udp_endpoint& endpoint() const noexcept { return endpoint_; }

private:
  friend class group_allocator;

  group_lease(std::shared_ptr<group_allocator> from, const io::udp_endpoint& endpoint)
    : from_(std::move(from)),
      endpoint_(endpoint) {}

  std::shared_ptr<group_allocator> from_; ///< null once moved from
  io::udp_endpoint endpoint_;
};

/// Thread-safe. Begins at a random place of its range, so that servers which do not know of one another
/// rarely meet, and goes round, so that a group just left rests before it is used again. Should two
/// servers meet nevertheless, keys and session tags keep their transmissions apart.
class group_allocator : public std::enable_shared_from_this<group_allocator> {
public:
  /// `seed` decides where it begins.
  [[nodiscard]] static std::shared_ptr<group_allocator> make(const group_ranges& ranges,
                                                             std::uint64_t seed);

  /// Begins where the system's randomness says.
  [[nodiscard]] static std::shared_ptr<group_allocator> make(const group_ranges& ranges = {});

  /// A group of the IP version that receivers reach us by. Fails with server_busy when all are taken.
  [[nodiscard]] tl::expected<group_lease, protocol::failure> acquire(bool v6);

private:
  friend class group_lease;

  /// The groups of one IP version. Hosts are addresses counted from the prefix's first.
  struct range {
    group_prefix prefix;
    std::uint32_t hosts = 1;
    std::uint32_t next = 0;

    /// Hosts in use with the first port, with the next one, …; grows as ports are needed.
    std::vector<std::set<std::uint32_t>> taken;
  };

  group_allocator(const group_ranges& ranges, std::uint64_t seed);

  static range make_range(const group_prefix& prefix, std::uint64_t seed);
  std::size_t ports() const noexcept;
  void give_back(const io::udp_endpoint& endpoint) noexcept;

  std::mutex mutex_;
  std::uint16_t base_port_;
  range v4_;
  range v6_;
};

} // namespace fleetcast::actors
