/// What the console answers, as JSON: made from snapshots, and the only thing that rendering.hpp and the
/// client ever see.
#pragma once

#include "actors/messages/steering.hpp"
#include "actors/observe/event_log.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::actors::report {

/// Keys keep their order: what is important comes first.
using json = nlohmann::ordered_json;
using snapshots = std::vector<status_snapshot>;

/// "2024-05-01T12:00:00.250Z"
std::string utc_text(std::chrono::system_clock::time_point at);

/// One actor with its children.
json of_actor(const status_snapshot& one);

json of_actors(const snapshots& roots);

/// A row for each session.
json of_sessions(const snapshots& roots);

/// The snapshot of the session's own actor; null: no such session.
const status_snapshot* find_session(const snapshots& roots, std::string_view id);
const status_snapshot* find_actor(const snapshots& roots, caf::actor_id id);

/// Those furthest behind come first.
json of_receivers(const receiver_list& list);

/// Every number of every actor whose name contains `pattern` or fits it as a glob.
json of_counters(const snapshots& roots, const std::string& pattern);

json of_event(const event& one);
json of_events(const std::vector<event>& events);

/// The whole table: name, kind, unit, meaning.
json of_metrics_table();

} // namespace fleetcast::actors::report
