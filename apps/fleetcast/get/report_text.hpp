/// The sentences that several styles of report have in common (report_style.hpp).
#pragma once

#include "apps/fleetcast/get/get_failure.hpp"

#include <cstdint>
#include <string>

namespace fleetcast::apps {

[[nodiscard]] std::string format_continuing(std::uint64_t bytes, std::uint64_t object_bytes);

[[nodiscard]] std::string format_reusing(const std::string& path, std::uint64_t bytes);

/// On standard error: why, and what is kept for the next transfer.
void say_failure(const get_failure& failure);

/// On standard error.
void say_warning(const std::string& line);

} // namespace fleetcast::apps
