/// Failures as the Win32 codes that the API reports.
#pragma once

#include "actors/console/error_name.hpp"
#include "api/wdstci.h"
#include "protocol/failure.hpp"

namespace fleetcast::api {

/// The one code of each failure. `none` is ERROR_SUCCESS; `cancelled` is the consumer's own code when
/// it gave one.
[[nodiscard]] DWORD to_win32(const protocol::failure& reason) noexcept;

/// Name and meaning: "ERROR_CANCELLED: the session was cancelled". "unknown error" for what the
/// API does not use.
[[nodiscard]] const char* error_text(DWORD code) noexcept;

/// The code of a failure, and its name alone: "ERROR_CANCELLED". For consoles.
[[nodiscard]] actors::error_name name_error(const protocol::failure& reason) noexcept;

} // namespace fleetcast::api
