/// Checks and copies what InitializeSession was given.
#pragma once

#include "actors/messages/receiving.hpp"
#include "api/library.hpp"
#include "api/wdstci.h"

#include <tl/expected.hpp>

#include <cstdint>

namespace fleetcast::api {

/// What the strings of a request are made of.
enum class text_width : std::uint8_t { utf32, utf16 };

/// `request` as a request to the session manager, completed from `settings`; or the error code
/// (R-ISES-18).
[[nodiscard]] tl::expected<actors::receive_request, DWORD>
checked_request(const WDS_TRANSPORTCLIENT_REQUEST* request, const configuration& settings,
                text_width width = text_width::utf32);

} // namespace fleetcast::api
