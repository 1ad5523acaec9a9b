#include "actors/io/network_interface.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace fleetcast::actors::io {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using protocol::failure;
using protocol::failure_code;

struct address_entry {
  std::string interface;
  address value;
};

/// What the kernel lists, in its order.
struct inventory {
  std::vector<std::string> interfaces;
  std::vector<address_entry> addresses;
};

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

tl::expected<inventory, failure> take_inventory() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    const int error = errno;
    return tl::unexpected{failure{failure_code::network_fault, static_cast<std::uint32_t>(error),
                                  "cannot list this host's network interfaces: "
                                    + std::generic_category().message(error)}};
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner{list, &freeifaddrs};
  inventory result;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    std::string name{entry->ifa_name};
    if (std::find(result.interfaces.begin(), result.interfaces.end(), name)
        == result.interfaces.end())
      result.interfaces.push_back(name);
    if (is_ip(entry->ifa_addr))
      result.addresses.push_back({std::move(name), to_address(entry->ifa_addr)});
  }
  return result;
}

/// "eth0 (192.0.2.7, fe80::1%eth0), lo (127.0.0.1)"
std::string describe(const inventory& all) {
  std::string text;
  for (const auto& name : all.interfaces) {
    text += (text.empty() ? "" : ", ") + name;
    std::string addresses;
    for (const auto& entry : all.addresses)
      if (entry.interface == name)
        addresses += (addresses.empty() ? "" : ", ") + entry.value.to_string();
    text += addresses.empty() ? " (no address)" : " (" + addresses + ")";
  }
  return text.empty() ? "none" : text;
}

/// Whether `wanted` means `held`. A link-local address without a zone means it on any interface.
bool matches(const address& wanted, const address& held) {
  if (wanted == held)
    return true;
  if (!wanted.is_v6() || !held.is_v6() || wanted.to_v6().scope_id() != 0)
    return false;
  return wanted.to_v6().to_bytes() == held.to_v6().to_bytes();
}

tl::expected<network_interface, failure> by_name(const std::string& name) {
  const auto index = if_nametoindex(name.c_str());
  if (index == 0) {
    const int error = errno;
    return tl::unexpected{failure{failure_code::network_fault, static_cast<std::uint32_t>(error),
                                  "network interface " + name
                                    + " went away: " + std::generic_category().message(error)}};
  }
  return network_interface{index, name};
}

tl::expected<network_interface, failure> by_address(const inventory& all, const address& wanted) {
  for (const auto& entry : all.addresses)
    if (matches(wanted, entry.value))
      return by_name(entry.interface);
  return tl::unexpected{failure{failure_code::network_fault, 0,
                                "no network interface of this host has the address "
                                  + wanted.to_string() + "; there are: " + describe(all)}};
}

} // namespace

tl::expected<network_interface, failure> find_interface(std::string_view name_or_address) {
  const std::string wanted{name_or_address};
  const auto all = take_inventory();
  if (!all)
    return tl::unexpected{all.error()};
  if (std::find(all->interfaces.begin(), all->interfaces.end(), wanted) != all->interfaces.end())
    return by_name(wanted);
  boost::system::error_code no_address;
  if (const auto parsed = boost::asio::ip::make_address(wanted, no_address); !no_address)
    return by_address(*all, parsed);
  return tl::unexpected{
    failure{failure_code::network_fault, 0,
            "no network interface \"" + wanted + "\"; there are: " + describe(*all)}};
}

tl::expected<network_interface, failure> interface_of(const address& local) {
  const auto all = take_inventory();
  if (!all)
    return tl::unexpected{all.error()};
  // What a socket that takes both IP versions says of an IPv4 peer.
  if (local.is_v6() && local.to_v6().is_v4_mapped())
    return interface_of(
      boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, local.to_v6()));
  // 127.0.0.0/8 belongs to the loopback interface as a whole, one address of it is listed.
  if (local.is_v4() && local.is_loopback())
    return by_address(*all, address_v4::loopback());
  return by_address(*all, local);
}

tl::expected<address, failure> address_of(const network_interface& interface, bool v6) {
  const auto all = take_inventory();
  if (!all)
    return tl::unexpected{all.error()};
  const address_entry* found = nullptr;
  for (const auto& entry : all->addresses) {
    if (entry.interface != interface.name || entry.value.is_v6() != v6)
      continue;
    if (!v6 || !entry.value.to_v6().is_link_local())
      return entry.value;
    found = found == nullptr ? &entry : found;
  }
  if (found != nullptr)
    return found->value;
  return tl::unexpected{failure{failure_code::network_fault, 0,
                                "network interface " + interface.name + " has no IPv"
                                  + (v6 ? "6" : "4") + " address; there are: " + describe(*all)}};
}

} // namespace fleetcast::actors::io
