/// Why a receiver is left aside or sent away, in words.
#pragma once

#include "protocol/send/group_liveness.hpp"

#include <string>

namespace fleetcast::actors {

/// For the receiver that is sent away, and for the server's operator.
[[nodiscard]] std::string words_for(protocol::exclusion why);

/// For the operator, of one that is left aside: "receiver 3 (a, b) …". Null: that is nothing to worry about.
[[nodiscard]] const char* reason_for(protocol::exclusion why);

} // namespace fleetcast::actors
