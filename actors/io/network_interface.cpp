#include "actors/io/network_interface.hpp"

#include "actors/io/file_descriptor.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace fleetcast::actors::io {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using protocol::failure;
using protocol::failure_code;

address to_address(const sockaddr* from) {
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof v4);
    return address_v4{ntohl(v4.sin_addr.s_addr)};
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, from, sizeof v6);
  address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return address_v6{bytes, v6.sin6_scope_id};
}

bool is_ip(const sockaddr* address) noexcept {
  return address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

/// The bits of a mask that are set.
unsigned prefix_of(const sockaddr* mask) {
  if (!is_ip(mask))
    return 0;
  const auto bits = to_address(mask);
  if (bits.is_v4())
    return static_cast<unsigned>(std::popcount(bits.to_v4().to_uint()));
  unsigned result = 0;
  for (const auto byte : bits.to_v6().to_bytes())
    result += static_cast<unsigned>(std::popcount(byte));
  return result;
}

/// The interface's own name: an alias is listed as "eth0:1".
std::string_view base_name(std::string_view listed) {
  return listed.substr(0, listed.find(':'));
}

/// 0: it went away meanwhile. Each is listed with its hardware first, which spares a question for each of a thousand
/// containers.
unsigned index_of(const ifaddrs& listed, const std::string& name) {
  if (listed.ifa_addr == nullptr || listed.ifa_addr->sa_family != AF_PACKET)
    return if_nametoindex(name.c_str());
  sockaddr_ll hardware{};
  std::memcpy(&hardware, listed.ifa_addr, sizeof hardware);
  return static_cast<unsigned>(hardware.sll_ifindex);
}

held_address to_held(const ifaddrs& listed, unsigned interface) {
  held_address result;
  result.interface = interface;
  const std::string_view name{listed.ifa_name};
  if (base_name(name).size() != name.size())
    result.label = name;
  result.value = to_address(listed.ifa_addr);
  const auto* other_end = listed.ifa_dstaddr;
  const bool has_other_end = (listed.ifa_flags & IFF_POINTOPOINT) != 0 && is_ip(other_end);
  result.network = has_other_end ? to_address(other_end) : result.value;
  result.prefix = prefix_of(listed.ifa_netmask);
  return result;
}

bool matches(const address& wanted, const address& held) {
  if (wanted == held)
    return true;
  if (!wanted.is_v6() || !held.is_v6() || wanted.to_v6().scope_id() != 0)
    return false;
  return wanted.to_v6().to_bytes() == held.to_v6().to_bytes();
}

failure not_there(const std::string& text, const inventory& among) {
  return {failure_code::network_fault, 0, text + "; there are: " + among.describe()};
}

} // namespace

tl::expected<inventory, failure> inventory::take() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    const int error = errno;
    return tl::unexpected{failure{failure_code::network_fault, static_cast<std::uint32_t>(error),
                                  "cannot list this host's network interfaces: "
                                    + std::generic_category().message(error)}};
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner{list, &freeifaddrs};
  inventory result;
  for (const auto* listed = list; listed != nullptr; listed = listed->ifa_next) {
    const std::string name{base_name(listed->ifa_name)};
    const auto* known = result.find(name);
    const auto index = known != nullptr ? known->interface.index : index_of(*listed, name);
    if (index == 0)
      continue;
    if (known == nullptr)
      result.interfaces.push_back({{index, name}, (listed->ifa_flags & IFF_UP) != 0});
    if (is_ip(listed->ifa_addr))
      result.addresses.push_back(to_held(*listed, index));
  }
  return result;
}

const inventory::entry* inventory::find(unsigned index) const noexcept {
  const auto i = std::find_if(interfaces.begin(), interfaces.end(),
                              [=](const auto& one) { return one.interface.index == index; });
  return i == interfaces.end() ? nullptr : &*i;
}

const inventory::entry* inventory::find(std::string_view name) const noexcept {
  const auto i = std::find_if(interfaces.begin(), interfaces.end(),
                              [=](const auto& one) { return one.interface.name == name; });
  return i == interfaces.end() ? nullptr : &*i;
}

const held_address* inventory::find(const address& wanted) const {
  const auto i = std::find_if(addresses.begin(), addresses.end(),
                              [&](const auto& held) { return matches(wanted, held.value); });
  if (i != addresses.end())
    return &*i;
  // Of 127.0.0.0/8 one address is listed.
  const address loopback = address_v4::loopback();
  const bool is_listed_so = wanted.is_v4() && wanted.is_loopback() && wanted != loopback;
  return is_listed_so ? find(loopback) : nullptr;
}

std::string inventory::describe() const {
  std::string text;
  for (const auto& one : interfaces) {
    std::string details = one.is_up ? "" : "down";
    const auto add
      = [&](const std::string& what) { details += (details.empty() ? "" : ", ") + what; };
    bool has_address = false;
    for (const auto& held : addresses)
      if (held.interface == one.interface.index) {
        add(held.value.to_string());
        has_address = true;
      }
    if (!has_address)
      add("no address");
    text += (text.empty() ? "" : ", ") + one.interface.name + " (" + details + ")";
  }
  return text.empty() ? "none" : text;
}

tl::expected<named_interface, failure> find_interface(const inventory& among,
                                                      std::string_view called) {
  if (const auto* one = among.find(called))
    return named_interface{one->interface, {}};
  const auto of = [&](const held_address& held) {
    return named_interface{among.find(held.interface)->interface, held.value};
  };
  for (const auto& held : among.addresses)
    if (!held.label.empty() && held.label == called)
      return of(held);
  const std::string text{called};
  boost::system::error_code no_address;
  const auto wanted = boost::asio::ip::make_address(text, no_address);
  if (no_address)
    return tl::unexpected{not_there("no network interface \"" + text + "\"", among)};
  if (const auto* held = among.find(wanted))
    return of(*held);
  return tl::unexpected{
    not_there("no network interface of this host has the address " + wanted.to_string(), among)};
}

tl::expected<network_interface, failure> find_interface(std::string_view called) {
  const auto all = inventory::take();
  if (!all)
    return tl::unexpected{all.error()};
  return find_interface(*all, called).map([](const auto& found) { return found.interface; });
}

std::optional<std::size_t> mtu_of(const network_interface& interface) {
  const file_descriptor any{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq asked{};
  if (interface.name.size() >= sizeof asked.ifr_name)
    return std::nullopt;
  interface.name.copy(asked.ifr_name, interface.name.size());
  if (ioctl(any.get(), SIOCGIFMTU, &asked) != 0 || asked.ifr_mtu <= 0)
    return std::nullopt;
  return static_cast<std::size_t>(asked.ifr_mtu);
}

address unmapped(const address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped())
    return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

bool is_link_local(const address& address) noexcept {
  if (address.is_v6())
    return address.to_v6().is_link_local();
  return address.to_v4().to_uint() >> 16 == 0xa9fe;
}

} // namespace fleetcast::actors::io
