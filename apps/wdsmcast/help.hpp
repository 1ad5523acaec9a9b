/// What `wdsmcast /?` prints.
#pragma once

namespace fleetcast::apps {

extern const char* const wdsmcast_help;

} // namespace fleetcast::apps
