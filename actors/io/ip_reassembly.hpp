/// What the kernel counts of IP fragments.
#pragma once

#include <cstdint>
#include <string_view>

namespace fleetcast::actors::io {

/// IP packets of both versions that this host (its network namespace) has reassembled from fragments so far; 0 if the
/// kernel does not say.
[[nodiscard]] std::uint64_t reassembled_packets();

/// The column `wanted` of the rows that begin with `protocol`, in the format of /proc/net/snmp: a row of names, and
/// under it a row of values. 0: it is not there.
[[nodiscard]] std::uint64_t counter_in_table(std::string_view text, std::string_view protocol,
                                             std::string_view wanted);

/// The value behind `wanted` in the format of /proc/net/snmp6: a name and a value in each line. 0: it is not there.
[[nodiscard]] std::uint64_t counter_in_list(std::string_view text, std::string_view wanted);

} // namespace fleetcast::actors::io
