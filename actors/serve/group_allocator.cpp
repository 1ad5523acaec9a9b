#include "actors/serve/group_allocator.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace fleetcast::actors {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using protocol::failure;
using protocol::failure_code;

/// Host bits that are used: 16 million groups are as good as 2^120.
constexpr unsigned max_host_bits = 24;

/// Ports used with each address.
constexpr std::uint64_t max_ports = 1024;

unsigned width_of(const address& value) noexcept {
  return value.is_v6() ? 128 : 32;
}

/// Bits that make an address multicast: 224.0.0.0/4, ff00::/8.
unsigned multicast_bits(const address& value) noexcept {
  return value.is_v6() ? 8 : 4;
}

template <class Bytes>
Bytes without_host_bits(Bytes bytes, unsigned network_bits) {
  for (unsigned bit = network_bits; bit < bytes.size() * 8; ++bit)
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  return bytes;
}

address network_of(const address& value, unsigned network_bits) {
  if (value.is_v6())
    return address_v6{without_host_bits(value.to_v6().to_bytes(), network_bits)};
  return address_v4{without_host_bits(value.to_v4().to_bytes(), network_bits)};
}

/// The last 32 bits, which hold every host bit that is used.
std::uint32_t low_bits(const address& value) {
  if (value.is_v4())
    return value.to_v4().to_uint();
  const auto bytes = value.to_v6().to_bytes();
  std::uint32_t result = 0;
  for (std::size_t i = 12; i < 16; ++i)
    result = result << 8 | bytes[i];
  return result;
}

address with_low_bits(const address& base, std::uint32_t bits) {
  if (base.is_v4())
    return address_v4{bits};
  auto bytes = base.to_v6().to_bytes();
  for (std::size_t i = 0; i < 4; ++i)
    bytes[12 + i] = static_cast<unsigned char>(bits >> (24 - 8 * i));
  return address_v6{bytes};
}

/// 224.0.0.0/24 is flooded to every host, never routed, and full of routing protocols.
bool is_reserved(const address& value) {
  return value.is_v4() && value.to_v4().to_uint() >> 8 == 0xe00000;
}

tl::unexpected<failure> refusal(std::string_view text, std::string_view why) {
  return tl::unexpected{
    failure{failure_code::invalid_request, 0,
            "multicast group \"" + std::string{text} + "\": " + std::string{why}}};
}

std::optional<unsigned> to_number(std::string_view digits) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stopped != end)
    return std::nullopt;
  return value;
}

} // namespace

// -- prefix ---------------------------------------------------------------------------------------

tl::expected<group_prefix, failure> group_prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto group = boost::asio::ip::make_address(std::string{text.substr(0, slash)}, error);
  if (error)
    return refusal(text, "not an IP address; give one like 239.255.0.0/16 or ff15::8000:0/112");
  if (!group.is_multicast())
    return refusal(text, group.is_v6() ? "not a multicast address; those begin with ff"
                                       : "not a multicast address; those are 224.0.0.0 to "
                                         "239.255.255.255, for use within a site 239.0.0.0/8");
  const auto width = width_of(group);
  const auto length = slash == text.npos ? width : to_number(text.substr(slash + 1));
  const auto least = multicast_bits(group);
  if (!length || *length < least || *length > width)
    return refusal(text, "the prefix length must be a number from " + std::to_string(least) + " to "
                           + std::to_string(width));
  const auto base = network_of(group, *length);
  if (is_reserved(base))
    return refusal(text, "224.0.0.0/24 is reserved for routing protocols; for use within a site "
                         "there is 239.0.0.0/8");
  return group_prefix{base, *length};
}

// -- lease ----------------------------------------------------------------------------------------

group_lease& group_lease::operator=(group_lease&& other) noexcept {
  std::swap(from_, other.from_);
  std::swap(endpoint_, other.endpoint_);
  return *this;
}

group_lease::~group_lease() {
  if (from_)
    from_->give_back(endpoint_);
}

// -- allocator ------------------------------------------------------------------------------------

std::shared_ptr<group_allocator> group_allocator::make(const group_ranges& ranges,
                                                       std::uint64_t seed) {
  return std::shared_ptr<group_allocator>{new group_allocator{ranges, seed}};
}

std::shared_ptr<group_allocator> group_allocator::make(const group_ranges& ranges) {
  std::random_device entropy;
  return make(ranges, std::uint64_t{entropy()} << 32 | entropy());
}

group_allocator::group_allocator(const group_ranges& ranges, std::uint64_t seed)
  : base_port_(ranges.base_port),
    v4_(make_range(ranges.v4, seed)),
    v6_(make_range(ranges.v6, seed)) {}

group_allocator::range group_allocator::make_range(const group_prefix& prefix, std::uint64_t seed) {
  range result;
  result.prefix = prefix;
  result.hosts = std::uint32_t{1} << std::min(width_of(prefix.base) - prefix.length, max_host_bits);
  std::mt19937_64 random{seed};
  result.next = static_cast<std::uint32_t>(random() % result.hosts);
  return result;
}

std::size_t group_allocator::ports() const noexcept {
  return std::min<std::size_t>(max_ports, 0x10000U - base_port_);
}

tl::expected<group_lease, failure> group_allocator::acquire(bool v6) {
  const std::lock_guard guard{mutex_};
  auto& from = v6 ? v6_ : v4_;
  const auto level = static_cast<std::size_t>(
    std::find_if(from.taken.begin(), from.taken.end(),
                 [&](const auto& hosts) { return hosts.size() < from.hosts; })
    - from.taken.begin());
  if (level == ports())
    return tl::unexpected{failure{failure_code::server_busy, 0,
                                  "all multicast groups from " + from.prefix.base.to_string() + "/"
                                    + std::to_string(from.prefix.length) + " and ports from "
                                    + std::to_string(base_port_)
                                    + " are in use; give the server a wider range of groups"}};
  if (level == from.taken.size())
    from.taken.emplace_back();
  const auto advance = [&from] { return std::exchange(from.next, (from.next + 1) % from.hosts); };
  auto host = advance();
  while (!from.taken[level].insert(host).second) // ends: one is free, and all are gone through
    host = advance();
  const auto group = with_low_bits(from.prefix.base, low_bits(from.prefix.base) + host);
  return group_lease{shared_from_this(), {group, static_cast<std::uint16_t>(base_port_ + level)}};
}

void group_allocator::give_back(const io::udp_endpoint& endpoint) noexcept {
  const std::lock_guard guard{mutex_};
  auto& from = endpoint.address().is_v6() ? v6_ : v4_;
  const auto level = static_cast<std::size_t>(endpoint.port() - base_port_);
  from.taken[level].erase(low_bits(endpoint.address()) - low_bits(from.prefix.base));
}

} // namespace fleetcast::actors
