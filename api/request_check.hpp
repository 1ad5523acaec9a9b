/// Checks and copies what InitializeSession was given.
#pragma once

#include "actors/interfaces.hpp"
#include "api/library.hpp"
#include "api/wdstci.h"

#include <tl/expected.hpp>

namespace fleetcast::api {

/// `request` as a request to the session manager, completed from `settings`; or the error code
/// (R-ISES-18).
[[nodiscard]] tl::expected<actors::receive_request, DWORD>
checked_request(const WDS_TRANSPORTCLIENT_REQUEST* request, const configuration& settings);

} // namespace fleetcast::api
