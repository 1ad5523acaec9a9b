/// A fleet's job in words: a live table for terminals, lines for logs, JSON for programs, and the report
/// at the end.
#pragma once

#include "actors/fleet/coordinator.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// "waiting", "out of contact", "receiving", …
[[nodiscard]] std::string state_of(const actors::fleet::host_view& host);

/// "8 hosts: 2 done, 5 receiving, 1 failed; 63 %, slowest node7 at 41 % (network), 0:12 left"
[[nodiscard]] std::string format_summary(const actors::fleet::fleet_view& view);

/// The summary, a heading, and the hosts that matter most, worst first: `rows` lines of at most `columns`
/// columns.
[[nodiscard]] std::vector<std::string> format_live(const actors::fleet::fleet_view& view,
                                                   std::size_t columns, std::size_t rows);

/// A line for each host in the order of the list, with why it failed, and how many succeeded. `just_asked`:
/// nothing was to be done but to ask how it stands, which the summary says instead.
[[nodiscard]] std::string format_report(const actors::fleet::fleet_view& view,
                                        bool just_asked = false);

/// Whether hosts that are done have different contents.
[[nodiscard]] bool digests_differ(const actors::fleet::fleet_view& view);

[[nodiscard]] nlohmann::json to_json(const actors::fleet::host_view& host);

/// Of the whole job: counts, bytes, digest, time.
[[nodiscard]] nlohmann::json to_json(const actors::fleet::fleet_view& view);

} // namespace fleetcast::apps
