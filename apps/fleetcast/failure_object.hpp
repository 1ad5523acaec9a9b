/// Failures of the inner layers, as JSON names them.
#pragma once

#include "protocol/failure.hpp"

#include <nlohmann/json.hpp>

namespace fleetcast::apps {

/// {"code", "name", "text"}, with the code that the C API gives this failure.
[[nodiscard]] nlohmann::json error_object(const protocol::failure& reason);

} // namespace fleetcast::apps
