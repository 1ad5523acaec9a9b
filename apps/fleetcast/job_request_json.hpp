/// A job's request as it stands in files: what a coordinator and an agent keep of their jobs.
#pragma once

#include "protocol/fleet/job.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace fleetcast::apps {

[[nodiscard]] nlohmann::json to_json(const protocol::fleet::job_request& request);

/// Nothing if a field is missing or of another kind; what the fields hold is not checked. `host` may be missing.
[[nodiscard]] std::optional<protocol::fleet::job_request>
job_request_of(const nlohmann::json& object);

} // namespace fleetcast::apps
