/// Time as the protocol sees it: a parameter, never a clock.
#pragma once

#include <chrono>

namespace fleetcast::protocol {

using duration = std::chrono::nanoseconds;

/// Time since an origin that the caller chose and keeps; it never runs backwards.
using timestamp = std::chrono::nanoseconds;

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// "No event is due."
constexpr timestamp never = timestamp::max();

} // namespace fleetcast::protocol
