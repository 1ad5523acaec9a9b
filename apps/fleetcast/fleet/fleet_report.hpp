/// A fleet's job in words: a live table for terminals, lines for logs, JSON for programs, and the report
/// at the end.
#pragma once

#include "actors/console/text_table.hpp"
#include "actors/fleet/coordinator.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace fleetcast::apps {

/// "waiting", "out of contact", "receiving", …
[[nodiscard]] std::string state_of(const actors::fleet::host_view& host);

/// What people call each host of a job: its name, with the port of its agent if another one has the same name.
class host_labels {
public:
  explicit host_labels(const actors::fleet::fleet_view& view);

  /// "node7", "node7:5046", "[2001:db8::7]:5046"
  std::string of(const actors::fleet::host_view& host) const;

private:
  std::map<std::string, std::size_t> agents_; ///< by name
};

/// "8 hosts: 2 done, 5 receiving, 1 failed; 63 %, slowest node7 at 41 % (network), 0:12 left"
[[nodiscard]] std::string format_summary(const actors::fleet::fleet_view& view);

/// "server/lab/debian.img to {host}.img"; empty: nobody knows.
[[nodiscard]] std::string format_title(const actors::fleet::fleet_view& view);

/// What it is about, the summary, and the hosts that matter most, worst first: at most `rows` lines of at most `columns`
/// columns. Figures give way to the object, the hosts and the causes.
[[nodiscard]] std::vector<std::string> format_live(const actors::fleet::fleet_view& view,
                                                   std::size_t columns, std::size_t rows);

/// The hosts in the order of the list, with why they failed, and how many succeeded. `just_asked`: nothing was to be done
/// but to ask how it stands, which the summary says instead. No line is wider than `columns`.
[[nodiscard]] std::string format_report(const actors::fleet::fleet_view& view,
                                        bool just_asked = false,
                                        std::size_t columns = actors::text_table::unlimited);

/// Whether hosts that are done have different contents.
[[nodiscard]] bool digests_differ(const actors::fleet::fleet_view& view);

[[nodiscard]] nlohmann::json to_json(const actors::fleet::host_view& host);

/// Of the whole job: counts, bytes, digest, time.
[[nodiscard]] nlohmann::json to_json(const actors::fleet::fleet_view& view);

} // namespace fleetcast::apps
