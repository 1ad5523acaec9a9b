/// Names of a fleet's hosts as people write them.
///
///     # comment                      one or more names a line, between blanks or commas
///     gateway                        in no group
///     [rack1]                        what follows is in this group
///     node[001-128] node[200,210-219]:5052
///     10.0.0.7:5052  [2001:db8::1]:5052  2001:db8::2
///
/// A host is a DNS name (labels of letters, digits, `-` and `_`, 63 characters each), an IPv4 address or an
/// IPv6 address of one host; a link-local one needs its zone ("fe80::1%eth0"). Nothing else is taken for one: the name
/// becomes part of file names, and a resolver may take a bare number for an address.
///
/// Pure: text in, hosts out. Bounded, whatever the text.
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors::fleet {

struct listed_host {
  std::string name; ///< or address, without brackets
  std::uint16_t port = 0;
  std::string group; ///< empty: none

  friend bool operator==(const listed_host&, const listed_host&) = default;
};

constexpr std::size_t max_hosts = 4096;
constexpr std::size_t max_host_text = 1024 * 1024;

/// In the order of the text; a host without a port has `default_port`. One that is listed twice, by the same name and
/// with the same port, counts where it came first. The error is a sentence with the line.
[[nodiscard]] tl::expected<std::vector<listed_host>, std::string>
parse_hosts(std::string_view text, std::uint16_t default_port);

} // namespace fleetcast::actors::fleet
