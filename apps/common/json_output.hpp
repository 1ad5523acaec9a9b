/// What all `--json` of the programs have in common; docs/json.md describes it for those who read it.
#pragma once

#include "api/fleetcast_ext.h"

#include <nlohmann/json.hpp>

#include <string_view>

namespace fleetcast::apps {

/// Prints one object on standard output: on one line, or indented. What is not UTF-8 in it, as names of files
/// may be, is replaced.
void print_json(const nlohmann::json& object, int indent = -1);

/// One line: `event` with its kind as "event".
void print_event(const char* kind, nlohmann::json event);

/// "ERROR_DISK_FULL"; empty: the API does not use this code.
[[nodiscard]] std::string_view error_name(DWORD code);

/// {"code": 112, "name": "ERROR_DISK_FULL", "text": …}
[[nodiscard]] nlohmann::json error_object(DWORD code, std::string_view text);

} // namespace fleetcast::apps
