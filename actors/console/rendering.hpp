/// The console's answers for people: tables and trees out of the JSON of report.hpp.
#pragma once

#include "actors/console/command.hpp"
#include "actors/console/report.hpp"
#include "actors/console/text_table.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace fleetcast::actors {

/// The answer to `what`, which report.hpp made; ends with an end of line. Tables of sessions and receivers fit into so
/// many columns: which session or host that is and what limits it stays in sight.
std::string render(const command& what, const report::json& answer,
                   std::size_t columns = text_table::unlimited);

/// "12:00:00 joined  session 1: receiver 3 (…)"
std::string render_event(const report::json& event);

/// "812.5 Mbit/s"
std::string rate_text(std::uint64_t bits_per_second);

/// "1:02:03", "4.2 s"
std::string time_text(double seconds);

} // namespace fleetcast::actors
