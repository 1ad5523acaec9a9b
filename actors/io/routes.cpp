#include "actors/io/routes.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::actors::io {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using protocol::failure;
using protocol::failure_code;

/// An answer is one route of some hundred bytes.
constexpr std::size_t message_size = 4096;

/// What RTM_GETROUTE takes: a header and at most three attributes of at most 16 bytes.
class route_question {
public:
  explicit route_question(const address& far) {
    message_.header.nlmsg_type = RTM_GETROUTE;
    message_.header.nlmsg_flags = NLM_F_REQUEST;
    message_.header.nlmsg_len = NLMSG_LENGTH(sizeof message_.route);
    message_.route.rtm_family = far.is_v6() ? AF_INET6 : AF_INET;
    message_.route.rtm_dst_len = add_address(RTA_DST, far);
    if (far.is_v6() && far.to_v6().scope_id() != 0)
      add_zone(static_cast<std::uint32_t>(far.to_v6().scope_id()));
  }

  void set_source(const address& from) { message_.route.rtm_src_len = add_address(RTA_SRC, from); }

  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(&message_), message_.header.nlmsg_len};
  }

private:
  unsigned char add_address(unsigned short type, const address& value) {
    const auto add_bytes = [&](const auto& bytes) {
      add(type, bytes.data(), bytes.size());
      return static_cast<unsigned char>(bytes.size() * 8);
    };
    return value.is_v6() ? add_bytes(value.to_v6().to_bytes())
                         : add_bytes(value.to_v4().to_bytes());
  }

  void add_zone(std::uint32_t interface) { add(RTA_OIF, &interface, sizeof interface); }

  void add(unsigned short type, const void* value, std::size_t size) {
    const rtattr head{static_cast<unsigned short>(RTA_LENGTH(size)), type};
    auto* place = reinterpret_cast<std::byte*>(&message_) + message_.header.nlmsg_len;
    std::memcpy(place, &head, sizeof head);
    std::memcpy(place + RTA_LENGTH(0), value, size);
    message_.header.nlmsg_len += RTA_SPACE(size);
  }

  struct {
    nlmsghdr header;
    rtmsg route;
    std::array<std::byte, 3 * RTA_SPACE(16)> attributes;
  } message_{};
};

/// 0, or errno: the answer is in `into`, of `size` bytes.
int ask(std::span<const std::byte> question, std::span<std::byte> into, std::size_t& size) {
  const int kernel = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (kernel < 0)
    return errno;
  // The kernel answers before it returns from the call that asks.
  ssize_t got = ::send(kernel, question.data(), question.size(), 0);
  if (got >= 0)
    got = ::recv(kernel, into.data(), into.size(), 0);
  const int error = got < 0 ? errno : 0;
  ::close(kernel);
  size = got < 0 ? 0 : static_cast<std::size_t>(got);
  return error;
}

address to_address(std::span<const std::byte> value, unsigned interface) {
  if (value.size() == 4) {
    address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), value.data(), bytes.size());
    return address_v4{bytes};
  }
  address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), value.data(), bytes.size());
  address_v6 result{bytes};
  if (result.is_link_local())
    result.scope_id(interface);
  return result;
}

/// Attributes may come in any order, and the source needs the interface.
route to_route(std::span<const std::byte> attributes) {
  route result;
  std::span<const std::byte> source;
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > attributes.size())
      break;
    const auto value = attributes.subspan(RTA_LENGTH(0), head.rta_len - RTA_LENGTH(0));
    if (head.rta_type == RTA_OIF && value.size() == sizeof result.interface)
      std::memcpy(&result.interface, value.data(), value.size());
    else if (head.rta_type == RTA_PREFSRC && (value.size() == 4 || value.size() == 16))
      source = value;
    else if (head.rta_type == RTA_GATEWAY || head.rta_type == RTA_VIA)
      result.through_gateway = true;
    attributes
      = attributes.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
  }
  if (!source.empty())
    result.source = to_address(source, result.interface);
  return result;
}

failure no_route(int error, const address& far) {
  const bool is_known = error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES;
  return {is_known ? failure_code::network_unreachable : failure_code::network_fault,
          static_cast<std::uint32_t>(error),
          "no route to " + far.to_string() + ": " + std::generic_category().message(error)};
}

} // namespace

tl::expected<route, failure> route_to(const address& far, const std::optional<address>& from) {
  route_question question{far};
  if (from)
    question.set_source(*from);
  alignas(nlmsghdr) std::array<std::byte, message_size> answer;
  std::size_t size = 0;
  if (const int error = ask(question.bytes(), answer, size))
    return tl::unexpected{no_route(error, far)};
  nlmsghdr header{};
  if (size < sizeof header)
    return tl::unexpected{no_route(EBADMSG, far)};
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type == NLMSG_ERROR && size >= NLMSG_LENGTH(sizeof(nlmsgerr))) {
    nlmsgerr refusal{};
    std::memcpy(&refusal, answer.data() + NLMSG_LENGTH(0), sizeof refusal);
    return tl::unexpected{no_route(-refusal.error, far)};
  }
  constexpr std::size_t head = NLMSG_LENGTH(sizeof(rtmsg));
  if (header.nlmsg_type != RTM_NEWROUTE || header.nlmsg_len < head || header.nlmsg_len > size)
    return tl::unexpected{no_route(EBADMSG, far)};
  return to_route(std::span{answer}.subspan(head, header.nlmsg_len - head));
}

tl::expected<way, failure> find_way(way_use use, const std::string& wish, const address& far,
                                    const address& near) {
  const auto here = inventory::take();
  if (!here)
    return tl::unexpected{here.error()};
  const auto there = unmapped(far);
  const auto ours = unmapped(near);
  return choose_way(
    *here, {use, wish, there, ours, route_for_groups(route_to(there, ours), route_to(there))});
}

} // namespace fleetcast::actors::io
