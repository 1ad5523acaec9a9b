/// Failures as the Win32 codes that the API reports.
#pragma once

#include "api/wdstci.h"
#include "protocol/failure.hpp"

#include <string_view>

namespace fleetcast::api {

/// The one code of each failure. `none` is ERROR_SUCCESS; `cancelled` is the consumer's own code when
/// it gave one.
[[nodiscard]] DWORD to_win32(const protocol::failure& reason) noexcept;

/// Name and meaning: "ERROR_CANCELLED: the session was cancelled". "unknown error" for what the
/// API does not use.
[[nodiscard]] const char* error_text(DWORD code) noexcept;

/// The name alone: "ERROR_CANCELLED". Empty for what the API does not use.
[[nodiscard]] std::string_view error_name(DWORD code) noexcept;

} // namespace fleetcast::api
