#include "actors/io/udp_socket.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

// <linux/in6.h> has these, but cannot be included beside <netinet/in.h>.
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

namespace fleetcast::actors::io {

namespace {

using boost::asio::ip::address;
using protocol::failure;
using protocol::failure_code;

int family_of(const address& value) noexcept {
  return value.is_v6() ? AF_INET6 : AF_INET;
}

/// The command that makes groups reachable. Interfaces with IFF_MULTICAST get such a route by themselves;
/// the loopback interface has none, and for IPv6 takes back in only what a route calls local.
std::string route_for_groups(bool v6, const std::string& device) {
  if (!v6)
    return "ip route add 224.0.0.0/4 dev " + device;
  if (device == "lo")
    return "ip -6 route add local ff00::/8 dev lo";
  return "ip -6 route add multicast ff00::/8 dev " + device + " table local";
}

/// What to do next: the kernel's own words ("Network is unreachable") send people looking in the wrong
/// place.
std::string remedy(int error, const udp_endpoint& target, const network_interface* interface) {
  const auto device = interface == nullptr ? std::string{"IFACE"} : interface->name;
  switch (error) {
    case ENETUNREACH:
      if (target.address().is_multicast())
        return "; add a route: " + route_for_groups(target.address().is_v6(), device);
      return "; check the routes to it: ip route get " + target.address().to_string();
    case EADDRNOTAVAIL:
      return "; give an address that this host has on an interface that is up";
    case EADDRINUSE:
      return "; another program has it, choose another group or port";
    case ENOBUFS:
    case ENOMEM:
      return "; raise net.ipv4.igmp_max_memberships or close some sessions";
    case EACCES:
      return "; ports below 1024 take root or CAP_NET_BIND_SERVICE";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

/// Joins or leaves `group`: 0, or -1 and errno.
int change_membership(int descriptor, const address& group, const network_interface& interface,
                      bool joined) noexcept {
  if (group.is_v6()) {
    ipv6_mreq request{};
    const auto bytes = group.to_v6().to_bytes();
    std::memcpy(&request.ipv6mr_multiaddr, bytes.data(), bytes.size());
    request.ipv6mr_interface = interface.index;
    return ::setsockopt(descriptor, IPPROTO_IPV6, joined ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                        &request, sizeof request);
  }
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group.to_v4().to_uint());
  request.imr_ifindex = static_cast<int>(interface.index);
  return ::setsockopt(descriptor, IPPROTO_IP, joined ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                      &request, sizeof request);
}

} // namespace

std::string to_text(const udp_endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  const auto port = ":" + std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]" + port : host + port;
}

/// Opens a socket step by step; after the first step that failed the others do nothing, so a factory
/// reads as the list of its steps.
class socket_builder {
public:
  /// `target` is what the socket is for, in texts: the group or server.
  socket_builder(const udp_endpoint& target, const network_interface* interface, int family)
    : socket_(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)),
      target_(target),
      interface_(interface),
      v6_(family == AF_INET6) {
    check(socket_.descriptor_ < 0 ? -1 : 0, "create a UDP socket");
  }

  template <class T>
  socket_builder& require(int level, int name, const T& value, const char* step) {
    return check(ok() ? set(level, name, value) : 0, step);
  }

  /// For what is better than nothing but not needed.
  template <class T>
  bool prefer(int level, int name, const T& value) {
    return ok() && set(level, name, value) == 0;
  }

  socket_builder& bind(const udp_endpoint& local) {
    if (ok())
      check(::bind(socket_.descriptor_, local.data(), static_cast<socklen_t>(local.size())),
            "bind to " + to_text(local));
    return *this;
  }

  /// To the first of `ports` that is free.
  socket_builder& bind(const address& local, const port_range& ports) {
    for (unsigned port = ports.first; port < ports.last && ok(); ++port) {
      const udp_endpoint here{local, static_cast<std::uint16_t>(port)};
      if (::bind(socket_.descriptor_, here.data(), static_cast<socklen_t>(here.size())) == 0)
        return *this;
      if (errno != EADDRINUSE)
        break; // the last port meets the same, and tells it
    }
    bind({local, ports.last});
    if (failure_.detail == EADDRINUSE)
      failure_ = {
        failure_code::server_busy, EADDRINUSE,
        "every UDP port for feedback (" + ports.to_string() + ") is in use on " + local.to_string()
          + "; try again when another transmission has ended, or give the server more of them "
            "with --feedback-port"};
    return *this;
  }

  /// Sends nothing, but looks up the route.
  socket_builder& connect(const udp_endpoint& server) {
    if (ok())
      check(::connect(socket_.descriptor_, server.data(), static_cast<socklen_t>(server.size())),
            "find a way");
    return *this;
  }

  socket_builder& join(const address& group) {
    const auto step = "join " + group.to_string();
    return check(ok() ? change_membership(socket_.descriptor_, group, *interface_, true) : 0,
                 step.c_str());
  }

  /// Only the groups this very socket joined: without this, Linux gives a socket bound to a group what
  /// any other program's membership brings in, on any interface.
  socket_builder& only_joined_groups() {
    if (v6_) // since Linux 4.20; the group's keys protect us without it
      prefer(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    else
      require(IPPROTO_IP, IP_MULTICAST_ALL, 0, "restrict it to joined groups");
    return *this;
  }

  socket_builder& send_to_groups(unsigned ttl) {
    const int hops = static_cast<int>(ttl);
    const int index = static_cast<int>(interface_->index);
    if (v6_)
      return require(IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "choose the interface")
        .require(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, "set the hop limit")
        .require(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1, "let this host hear it");
    ip_mreqn request{};
    request.imr_ifindex = index;
    return require(IPPROTO_IP, IP_MULTICAST_IF, request, "choose the interface")
      .require(IPPROTO_IP, IP_MULTICAST_TTL, hops, "set the TTL")
      .require(IPPROTO_IP, IP_MULTICAST_LOOP, 1, "let this host hear it");
  }

  socket_builder& buffers(std::size_t receive) {
    const int wanted = static_cast<int>(receive);
    if (!prefer(SOL_SOCKET, SO_RCVBUFFORCE, wanted))
      prefer(SOL_SOCKET, SO_RCVBUF, wanted);
    const int send = static_cast<int>(limits::send_buffer);
    if (!prefer(SOL_SOCKET, SO_SNDBUFFORCE, send))
      prefer(SOL_SOCKET, SO_SNDBUF, send);
    int got = 0;
    socklen_t size = sizeof got;
    if (ok())
      check(::getsockopt(socket_.descriptor_, SOL_SOCKET, SO_RCVBUF, &got, &size),
            "read the receive buffer's size");
    socket_.receive_buffer_ = static_cast<std::size_t>(got);
    return *this;
  }

  /// A kernel that knows an option accepts it at its neutral value.
  socket_builder& use(const offloads& wanted) {
    socket_.usable_.gso = wanted.gso && prefer(IPPROTO_UDP, UDP_SEGMENT, 0);
    socket_.usable_.gro = wanted.gro && prefer(IPPROTO_UDP, UDP_GRO, 1);
    return *this;
  }

  tl::expected<udp_socket, failure> finish() {
    auto size = static_cast<socklen_t>(socket_.local_.capacity());
    if (ok()) {
      check(::getsockname(socket_.descriptor_, socket_.local_.data(), &size), "read its address");
      socket_.local_.resize(size);
    }
    if (!ok())
      return tl::unexpected{std::move(failure_)};
    return std::move(socket_);
  }

private:
  bool ok() const noexcept { return !failure_; }

  template <class T>
  int set(int level, int name, const T& value) noexcept {
    return ::setsockopt(socket_.descriptor_, level, name, &value, sizeof value);
  }

  socket_builder& check(int outcome, const std::string& step) {
    if (outcome == 0 || !ok())
      return *this;
    const int error = errno;
    auto text = "cannot " + step + " for " + to_text(target_);
    if (interface_ != nullptr)
      text += " on interface " + interface_->name;
    text += ": " + std::generic_category().message(error) + remedy(error, target_, interface_);
    failure_ = failure{error == ENETUNREACH ? failure_code::network_unreachable
                                            : failure_code::network_fault,
                       static_cast<std::uint32_t>(error), std::move(text)};
    return *this;
  }

  udp_socket socket_;
  udp_endpoint target_;
  const network_interface* interface_;
  bool v6_;
  failure failure_;
};

namespace {

failure unfit(std::string text) {
  return failure{failure_code::network_fault, EINVAL, std::move(text)};
}

/// Where the kernel must be told which link a link-local address means.
address on_link(const address& value, const network_interface& interface) {
  if (!value.is_v6())
    return value;
  auto v6 = value.to_v6();
  if (v6.is_link_local() || v6.is_multicast_link_local() || v6.is_multicast_node_local())
    v6.scope_id(interface.index);
  return v6;
}

/// Any group of the kind that is sent to, for trying the route.
udp_endpoint some_group(bool v6) {
  constexpr unsigned short discard = 9;
  return {boost::asio::ip::make_address(v6 ? "ff15::1" : "239.255.0.1"), discard};
}

} // namespace

offloads offloads::from_environment() {
  const char* chosen = ::secure_getenv(variable);
  return chosen == nullptr ? offloads{} : parse(chosen).value_or(offloads{});
}

std::optional<offloads> offloads::parse(std::string_view text) noexcept {
  if (text == "none")
    return offloads{false, false};
  offloads result{false, false};
  for (bool is_more = true; is_more;) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    if (word != "gso" && word != "gro")
      return std::nullopt;
    (word == "gso" ? result.gso : result.gro) = true;
    is_more = comma != text.npos;
    if (is_more)
      text.remove_prefix(comma + 1);
  }
  return result;
}

tl::expected<udp_socket, failure>
udp_socket::open_group_receiver(const udp_endpoint& group, const network_interface& interface,
                                const socket_options& options) {
  if (!group.address().is_multicast())
    return tl::unexpected{unfit(to_text(group) + " is not a multicast address: nothing to join")};
  const udp_endpoint bound{on_link(group.address(), interface), group.port()};
  return socket_builder{group, &interface, family_of(group.address())}
    .require(SOL_SOCKET, SO_REUSEADDR, 1, "share the port")
    .require(SOL_SOCKET, SO_RXQ_OVFL, 1, "count drops")
    .only_joined_groups()
    .buffers(options.receive_buffer)
    .use(options.use)
    .bind(bound)
    .join(group.address())
    .finish();
}

tl::expected<udp_socket, failure> udp_socket::open_group_sender(const network_interface& interface,
                                                                const address& local, unsigned ttl,
                                                                const socket_options& options) {
  if (ttl < 1 || ttl > 255)
    return tl::unexpected{unfit("a TTL of " + std::to_string(ttl) + " is not in 1 to 255")};
  const udp_endpoint bound{on_link(local, interface), 0};
  const auto target = some_group(local.is_v6());
  // Later, a missing route would only show as datagrams refused. The attempt needs a socket of its own:
  // one that was connected and disconnected loses its port.
  const auto attempt = socket_builder{target, &interface, family_of(local)}
                         .send_to_groups(ttl)
                         .bind(bound)
                         .connect(target)
                         .finish();
  if (!attempt)
    return tl::unexpected{attempt.error()};
  return socket_builder{target, &interface, family_of(local)}
    .require(SOL_SOCKET, SO_RXQ_OVFL, 1, "count drops")
    .only_joined_groups()
    .buffers(options.receive_buffer)
    .use(options.use)
    .send_to_groups(ttl)
    .bind(bound.address(), options.feedback_ports)
    .finish();
}

tl::expected<udp_socket, failure>
udp_socket::open_feedback_receiver(const network_interface& interface, const address& local,
                                   const socket_options& options) {
  const auto bound = on_link(local, interface);
  return socket_builder{{bound, options.feedback_ports.first}, &interface, family_of(local)}
    .require(SOL_SOCKET, SO_RXQ_OVFL, 1, "count drops")
    .buffers(options.receive_buffer)
    .use(options.use)
    .bind(bound, options.feedback_ports)
    .finish();
}

tl::expected<udp_socket, failure>
udp_socket::open_feedback_sender(const std::optional<address>& local, const udp_endpoint& server) {
  socket_builder builder{server, nullptr, family_of(server.address())};
  if (local)
    builder.bind({*local, 0});
  return builder.connect(server).finish();
}

udp_socket::udp_socket(udp_socket&& other) noexcept
  : descriptor_(std::exchange(other.descriptor_, -1)),
    local_(std::move(other.local_)),
    receive_buffer_(other.receive_buffer_),
    usable_(other.usable_) {}

udp_socket& udp_socket::operator=(udp_socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  local_ = other.local_;
  receive_buffer_ = other.receive_buffer_;
  usable_ = other.usable_;
  return *this;
}

udp_socket::~udp_socket() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

failure udp_socket::join_again(const network_interface& interface) const {
  const auto& group = local_.address();
  // It may be no member: an attempt before this one may have left and not got back in.
  (void)change_membership(descriptor_, group, interface, false);
  if (change_membership(descriptor_, group, interface, true) == 0)
    return {};
  const int error = errno;
  return {failure_code::network_fault, static_cast<std::uint32_t>(error),
          "cannot join " + to_text(local_) + " again on interface " + interface.name + ": "
            + std::generic_category().message(error) + remedy(error, local_, &interface)};
}

int udp_socket::send(std::span<const std::byte> datagram) const noexcept {
  // An ICMP answer to an earlier datagram is reported once, in place of sending; hence the second
  // attempt.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(descriptor_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0)
      return 0;
    if (errno != ECONNREFUSED && errno != EINTR)
      return errno;
  }
  return 0;
}

} // namespace fleetcast::actors::io
