#include "tests/member/voice.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fleetcast::member {

namespace {

void check(bool holds, const char* what) {
  if (!holds)
    throw std::system_error{errno, std::generic_category(), what};
}

} // namespace

voice::voice(const endpoint& to, const std::string& interface,
             const std::optional<endpoint>& source)
  : to_(to),
    source_(source),
    descriptor_(source ? ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)
                       : ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  check(descriptor_ >= 0, "socket");
  ip_mreqn by{};
  by.imr_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  check(by.imr_ifindex != 0, "interface");
  check(::setsockopt(descriptor_, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) == 0,
        "IP_MULTICAST_IF");
}

voice::~voice() {
  ::close(descriptor_);
}

void voice::say(std::span<const std::byte> datagram) const {
  std::vector<std::byte> packet;
  if (source_) {
    ::iphdr ip{};
    ip.version = 4;
    ip.ihl = sizeof ip / 4;
    ip.ttl = 1;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = htonl(source_->address().to_v4().to_uint());
    ip.daddr = htonl(to_.address().to_v4().to_uint());
    ::udphdr udp{}; // without a checksum, which IPv4 allows
    udp.source = htons(source_->port());
    udp.dest = htons(to_.port());
    udp.len = htons(static_cast<std::uint16_t>(sizeof udp + datagram.size()));
    packet.resize(sizeof ip + sizeof udp);
    std::memcpy(packet.data(), &ip, sizeof ip);
    std::memcpy(packet.data() + sizeof ip, &udp, sizeof udp);
  }
  packet.insert(packet.end(), datagram.begin(), datagram.end());
  (void)::sendto(descriptor_, packet.data(), packet.size(), MSG_DONTWAIT, to_.data(),
                 static_cast<socklen_t>(to_.size()));
}

} // namespace fleetcast::member
