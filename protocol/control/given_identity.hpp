#pragma once

#include "protocol/failure.hpp"

#include <string>

namespace fleetcast::protocol::control {

/// Why a server that has the fingerprint `offered` is not the one that the user asked for by a fingerprint of theirs;
/// none: it is, or they gave none. Nothing of a conversation is sent before.
[[nodiscard]] failure check_given_identity(const std::string& server, const std::string& given,
                                           const std::string& offered);

} // namespace fleetcast::protocol::control
